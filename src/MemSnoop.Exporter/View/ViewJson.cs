using System.Text.Json.Serialization;

namespace MemSnoop.Exporter.View;

/// <summary>What the page and <c>memsnoop top</c> read, as JSON, by code that is made at build time. In one line, since nobody but programs reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(RefusalAnswer))]
internal sealed partial class ViewJson : JsonSerializerContext;
