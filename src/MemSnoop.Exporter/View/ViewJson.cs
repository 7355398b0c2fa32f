using System.Text.Json.Serialization;
using MemSnoop.Exporter.View.HeatMaps;

namespace MemSnoop.Exporter.View;

/// <summary>What the page and <c>memsnoop top</c> read, as JSON, by code that is made at build time. In one line, since nobody but programs reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(DetailView))]
[JsonSerializable(typeof(AreasView))]
[JsonSerializable(typeof(HeatMapBody))]
[JsonSerializable(typeof(HeatMapCost))]
[JsonSerializable(typeof(HeatMapView))]
[JsonSerializable(typeof(HeatMapList))]
[JsonSerializable(typeof(RefusalAnswer))]
internal sealed partial class ViewJson : JsonSerializerContext;
