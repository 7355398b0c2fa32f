using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>Objects for Kubernetes, one a document of YAML.</summary>
internal sealed class Manifests
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();

    /// <param name="yaml">The documents.</param>
    public Manifests(string yaml)
    {
        List<JsonObject> objects = [];
        Parser parser = new(new StringReader(yaml));
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            // A document may have nothing but comments.
            if (ToJson(Yaml.Deserialize(parser)) is JsonObject manifest)
            {
                objects.Add(manifest);
            }
        }

        All = objects;
    }

    /// <summary>The objects as they are.</summary>
    public IReadOnlyList<JsonObject> All { get; }

    /// <summary>
    /// Those of kinds that every Kubernetes has. Fields that Kubernetes does not know, and values of another type than theirs, throw: an API server would refuse
    /// them.
    /// </summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Typed => field ??=
    [
        .. All.Where(static manifest => !IsCustom(manifest))
            .Select(static manifest => (IKubernetesObject<V1ObjectMeta>)Assert.Single(KubernetesYaml.LoadAllFromString(manifest.ToJsonString(), strict: true))),
    ];

    /// <summary>The only object of a kind.</summary>
    public T Single<T>() => Assert.Single(Typed.OfType<T>());

    /// <summary>The pods of the DaemonSet.</summary>
    public V1PodTemplateSpec Pod => Single<V1DaemonSet>().Spec.Template;

    /// <summary>The only container of these pods.</summary>
    public V1Container Container => Assert.Single(Pod.Spec.Containers);

    /// <summary>Whether an object's kind is one that an operator brings.</summary>
    public static bool IsCustom(JsonObject manifest) => (string?)manifest["apiVersion"] is "monitoring.coreos.com/v1" or "autoscaling.k8s.io/v1";

    public static string KindOf(JsonObject manifest) => (string)manifest["kind"]!;

    private static JsonNode? ToJson(object? value) => value switch
    {
        Dictionary<object, object> map => new JsonObject(map.Select(static pair => KeyValuePair.Create(Convert.ToString(pair.Key, CultureInfo.InvariantCulture)!, ToJson(pair.Value)))),
        List<object> list => new JsonArray([.. list.Select(ToJson)]),
        null => null,
        _ => JsonSerializer.SerializeToNode(value, value.GetType()),
    };
}
