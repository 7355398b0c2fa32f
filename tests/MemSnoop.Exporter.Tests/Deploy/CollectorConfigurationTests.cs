using YamlDotNet.RepresentationModel;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The sample configuration of the OpenTelemetry Collector, as far as that can be checked without one: it is YAML, and what a pipeline names is there.</summary>
public class CollectorConfigurationTests
{
    private static readonly string[] Stages = ["receivers", "processors", "exporters"];

    [Fact]
    public void What_the_service_names_is_configured()
    {
        YamlMappingNode root = Load();
        Assert.Equal(["receivers", "processors", "exporters", "extensions", "service"], Keys(root));
        YamlMappingNode service = Child(root, "service");
        Assert.Subset(Keys(Child(root, "extensions")).ToHashSet(), Names(service, "extensions").ToHashSet());
        foreach (string pipeline in Keys(Child(service, "pipelines")))
        {
            foreach (string stage in Stages)
            {
                string[] used = Names(Child(Child(service, "pipelines"), pipeline), stage);
                Assert.NotEmpty(used);
                Assert.Subset(Keys(Child(root, stage)).ToHashSet(), used.ToHashSet());
            }
        }
    }

    [Fact]
    public void Memory_is_limited_before_anything_is_kept()
    {
        string[] processors = Names(Child(Child(Child(Load(), "service"), "pipelines"), "metrics"), "processors");
        Assert.Equal(["memory_limiter", "batch"], processors);
    }

    private static YamlMappingNode Load()
    {
        YamlStream stream = [];
        using StreamReader reader = new(Path.Combine(Checkout.Root, "deploy", "otel-collector.yaml"));
        stream.Load(reader);
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    private static YamlMappingNode Child(YamlMappingNode node, string key) => (YamlMappingNode)node.Children[key];

    private static string[] Keys(YamlMappingNode node) => [.. node.Children.Keys.Select(static key => ((YamlScalarNode)key).Value!)];

    private static string[] Names(YamlMappingNode node, string key) => [.. ((YamlSequenceNode)node.Children[key]).Select(static name => ((YamlScalarNode)name).Value!)];
}
