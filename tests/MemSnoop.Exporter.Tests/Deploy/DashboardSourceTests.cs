using k8s;
using k8s.Models;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>What is made of <c>grafana/src</c>, and what is made of that.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class DashboardSourceTests
{
    // Seconds once npm's packages are there.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>The source compiles against the types of Grafana's SDK and makes the files that are there, byte for byte.</summary>
    [Fact]
    public async Task Files_are_those_that_the_source_makes()
    {
        using TemporaryDirectory made = new();
        await Command.RunAsync(Path.Combine(Checkout.Root, "grafana", "generate.sh"), [made.Root], Deadline);

        string[] expected = [.. Files(made.Root)];
        Assert.Equal((2 * Dashboard.Uids.Count) + 2, expected.Length);   // and the list of panels, and what the linter leaves alone
        foreach (string file in expected)
        {
            Assert.Equal(File.ReadAllText(Path.Combine(made.Root, file)), File.ReadAllText(Path.Combine(Checkout.Root, "grafana", file)));
        }

        // And there are no others.
        string[] directories = [.. expected.Select(static file => Path.GetDirectoryName(file)!).Where(static directory => directory != "").Distinct()];
        Assert.Equal(
            expected.Where(static file => Path.GetDirectoryName(file) != ""),
            directories.SelectMany(static directory => Files(Path.Combine(Checkout.Root, "grafana", directory)).Select(file => Path.Combine(directory, file))).Order(StringComparer.Ordinal));
    }

    /// <summary>The label is the one that the sidecar of Grafana's chart looks for; the annotation is the folder that it puts them in.</summary>
    [Fact]
    public async Task Kustomize_makes_a_config_map_of_each_dashboard()
    {
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = (await Kubectl.RenderAsync("grafana")).Typed;
        Assert.Equal(Dashboard.Uids, manifests.Select(static manifest => manifest.Metadata.Name).Order());
        foreach (V1ConfigMap map in manifests.Cast<V1ConfigMap>())
        {
            Assert.Equal(("1", "MemSnoop"), (map.Metadata.Labels["grafana_dashboard"], map.Metadata.Annotations["grafana_folder"]));
            (string name, string text) = Assert.Single(map.Data);
            Assert.Equal(map.Metadata.Name + ".json", name);
            Assert.Equal(File.ReadAllText(Path.Combine(Dashboard.Directory, name)), text);
        }
    }

    private static IEnumerable<string> Files(string root) => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(root, file))
        .Order(StringComparer.Ordinal);
}
