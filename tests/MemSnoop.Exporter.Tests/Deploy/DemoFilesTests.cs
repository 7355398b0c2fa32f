using MemSnoop.Exporter.Tests.Instruments;
using YamlDotNet.RepresentationModel;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The files of <c>deploy/demo</c> that <see cref="DemoTests"/> cannot see break: the recordings, whose program does not change when ours does, and what Docker would mount.</summary>
public class DemoFilesTests
{
    private static readonly string Demo = Path.Combine(Checkout.Root, "deploy", "demo");

    [Fact]
    public void Every_recorded_series_is_one_that_the_program_has_today()
    {
        Dictionary<string, MetricsRow> documented = MetricsDocument.Rows.Values.ToDictionary(static row => row.Prometheus);
        string[] series = [.. Directory.EnumerateFiles(Path.Combine(Demo, "recorded"), "*.txt").SelectMany(File.ReadLines).Where(static line => !line.StartsWith('#')).Select(static line => line.Split('\t')[0])];
        Assert.NotEmpty(series);
        foreach (string text in series.Where(static text => !text.StartsWith("target_info{", StringComparison.Ordinal)))
        {
            string name = text.Split('{')[0];
            Assert.True(documented.TryGetValue(name, out MetricsRow? row), $"{name} is not in docs/metrics.md: record the node anew.");
            ExpositionSample sample = ExpositionSample.Parse(text + " 0");
            Assert.All(row.Labels.Where(static label => label.Value.Length > 0), label => Assert.True(
                sample.Label(label.Key) is not { } value || label.Value.Contains(value), $"{text}: {label.Key}"));
        }
    }

    [Fact]
    public void What_Docker_would_mount_is_there()
    {
        YamlMappingNode services = (YamlMappingNode)Yaml.Load(Path.Combine(Demo, "compose.yaml")).Children["services"];
        YamlMappingNode grafana = (YamlMappingNode)services.Children["grafana"];
        string[] mounts = [.. Yaml.List(grafana, "volumes").Select(static volume => ((YamlScalarNode)volume).Value!)];
        Assert.Equal(2, mounts.Length);
        Assert.All(mounts, static mount => Assert.True(Directory.Exists(Path.Combine(Demo, mount.Split(':')[0])), mount));

        // Where the provider of dashboards looks.
        string provider = File.ReadAllText(Path.Combine(Checkout.Root, "grafana", "provisioning", "dashboards", "memsnoop.yaml"));
        Assert.Contains($"path: {mounts[1].Split(':')[1]}\n", provider, StringComparison.Ordinal);
    }
}
