using System.Text.Json.Nodes;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// Every manifest against types that others have made of the schemas of Kubernetes and of the Prometheus operator (tests/manifests): a key that they do not have, and a
/// value of another type, is an error.
/// </summary>
[OrdinaryTier]
public class ManifestTypesTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static string Golden => Path.Combine(Checkout.Root, "tests", "MemSnoop.Exporter.Tests", "Deploy", "Golden");

    [Fact]
    public async Task Every_object_has_the_fields_of_its_kind_and_no_others()
    {
        string[] components =
        [
            .. Directory.EnumerateDirectories(Path.Combine(Checkout.Root, "deploy", "kubernetes", "components"))
                .Select(static path => Path.GetFileName(path)).Where(static name => name != "common-labels"),
        ];
        List<JsonObject> manifests =
        [
            .. (await Kubectl.RenderAsync("deploy/kubernetes/base")).All,
            .. (await Kubectl.RenderWithAsync(components)).All,
            .. (await Kubectl.RenderAsync("deploy/kubernetes/sidecar/example")).All,
            .. new Manifests(await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "kubernetes", "sidecar", "podmonitor.yaml"), TestContext.Current.CancellationToken)).All,
            .. new Manifests(await Chart.TemplateAsync("--set", "dashboards.enabled=true,prometheusRule.enabled=true,serviceMonitor.enabled=true")).All,
            .. new Manifests(await Chart.TemplateAsync("--values", Path.Combine(Golden, "chart-least-privilege.values.yaml"))).All,
        ];
        Assert.Equal("", await CheckAsync(manifests));
    }

    [Theory]
    [InlineData("DaemonSet", "spec.template.spec.hostPid", "true", "\"hostPid\"' does not exist")]
    [InlineData("DaemonSet", "spec.minReadySeconds", "\"10\"", "Type 'string' is not assignable")]
    [InlineData("PodMonitor", "spec.honourLabels", "true", "\"honourLabels\"' does not exist")]
    [InlineData("ServiceMonitor", "spec.sampleLimit", "\"many\"", "Type 'string' is not assignable")]
    [InlineData("NetworkPolicy", "spec.ingres", "[]", "\"ingres\"' does not exist")]
    [InlineData("VerticalPodAutoscaler", "spec.updatePolicy.mode", "\"Off\"", "\"mode\"' does not exist")]
    public async Task A_wrong_field_is_found(string kind, string path, string value, string message)
    {
        Manifests rendered = await Kubectl.RenderWithAsync("pod-monitor", "service-monitor", "network-policy", "vertical-pod-autoscaler");
        JsonObject manifest = Assert.Single(rendered.All, manifest => Manifests.KindOf(manifest) == kind);
        string[] keys = path.Split('.');
        JsonNode node = manifest;
        foreach (string key in keys[..^1])
        {
            node = node[key]!;
        }

        node[keys[^1]] = JsonNode.Parse(value);
        Assert.Contains(message, await CheckAsync([manifest]), StringComparison.Ordinal);
    }

    private static async Task<string> CheckAsync(IEnumerable<JsonObject> manifests)
    {
        using TemporaryDirectory directory = new();
        string file = directory.Write("manifests.json", new JsonArray([.. manifests.Select(static manifest => manifest.DeepClone())]).ToJsonString());
        CommandResult result = await Command.TryRunAsync(Path.Combine(Checkout.Root, "tests", "manifests", "check.sh"), [file], Deadline);
        Assert.True(result.ExitCode is 0 or 1, result.Error);
        return result.Output;
    }
}
