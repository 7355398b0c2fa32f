using YamlDotNet.RepresentationModel;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>Reads YAML as it is written: values are texts, and what is not there is empty.</summary>
internal static class Yaml
{
    public static YamlMappingNode Load(string file)
    {
        YamlStream stream = [];
        using StreamReader reader = new(file);
        stream.Load(reader);
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    public static bool Has(YamlMappingNode node, string key) => node.Children.ContainsKey(key);

    public static string Text(YamlMappingNode node, string key) => ((YamlScalarNode)node.Children[key]).Value!;

    public static IReadOnlyDictionary<string, string> Texts(YamlMappingNode node, string key) => Has(node, key)
        ? ((YamlMappingNode)node.Children[key]).Children.ToDictionary(static pair => ((YamlScalarNode)pair.Key).Value!, static pair => ((YamlScalarNode)pair.Value).Value!)
        : new Dictionary<string, string>();

    public static IEnumerable<YamlNode> List(YamlMappingNode node, string key) => Has(node, key) ? (YamlSequenceNode)node.Children[key] : [];
}
