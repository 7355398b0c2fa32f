using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The chart of <c>deploy/helm/memsnoop</c>: the same objects as kustomize makes, and no key that it does not know.</summary>
public class ChartTests
{
    // Who made an object, which differs.
    private static readonly string[] MakersLabels = ["app.kubernetes.io/managed-by", "helm.sh/chart"];

    /// <summary>Values of the chart, and the components of kustomize that stand for them.</summary>
    public static TheoryData<string, string> Switches => new(
    [
        ("", ""),
        ("privileged=false", "least-privilege"),
        ("privileged=false,idleBitmap=present", "least-privilege,bitmap-present"),
        ("privileged=false,idleBitmap=absent", "least-privilege,bitmap-absent"),
        ("privileged=false,seccompProfile.type=Localhost,seccompProfile.localhostProfile=memsnoop.json", "least-privilege,seccomp-profile"),
        ("privileged=false,appArmorProfile.type=Localhost,appArmorProfile.localhostProfile=memsnoop", "least-privilege,apparmor-profile"),
        ("kubelet.enabled=true", "kubelet-metadata"),
        ("podNames.enabled=true", "pod-names"),
        ("kubelet.enabled=true,podNames.enabled=true", "kubelet-metadata,pod-names"),
        ("webConfig.secret=memsnoop-web", "web-config"),
        ("podMonitor.enabled=true", "pod-monitor"),
        ("serviceMonitor.enabled=true", "service-monitor"),
        ("networkPolicy.enabled=true", "network-policy"),
        ("openshift.enabled=true", "openshift"),
        ("verticalPodAutoscaler.enabled=true", "vertical-pod-autoscaler"),
        ("privileged=false,kubelet.enabled=true,networkPolicy.enabled=true", "least-privilege,kubelet-metadata,network-policy"),
        .. Directory.Exists(Path.Combine(Components, "prometheus-rule")) ? [("prometheusRule.enabled=true", "prometheus-rule")] : ((string, string)[])[],
    ]);

    /// <summary>Files of values and of what is rendered from them, in the directory Golden.</summary>
    public static TheoryData<string> GoldenFiles => [.. Directory.EnumerateFiles(Golden, "*.values.yaml").Select(static path => Path.GetFileName(path)).Order()];

    private static string Components => Path.Combine(Checkout.Root, "deploy", "kubernetes", "components");

    private static string Golden => Path.Combine(Checkout.Root, "tests", "MemSnoop.Exporter.Tests", "Deploy", "Golden");

    [Fact]
    public async Task Lint_finds_nothing()
    {
        CommandResult lint = await Chart.TryAsync("lint", "--strict");
        Assert.Equal((0, ""), (lint.ExitCode, lint.Error));
        Assert.DoesNotContain("[ERROR]", lint.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[WARNING]", lint.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Switches))]
    public async Task Chart_and_kustomize_make_the_same_objects(string values, string components)
    {
        Manifests chart = new(await Chart.TemplateAsync("--set", values));
        Manifests kustomize = components.Length == 0 ? await Kubectl.RenderAsync("deploy/kubernetes/base") : await Kubectl.RenderWithAsync(components.Split(','));
        Dictionary<string, JsonObject> expected = ByName(kustomize), actual = ByName(chart);

        // A release is kept in its namespace, which is there before: helm install --create-namespace, and the notes say how to label it.
        Assert.True(expected.Remove("Namespace memsnoop"));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, pair => Assert.Equal(Ordered(pair.Value), Ordered(actual[pair.Key])));
    }

    [Fact]
    public void Every_component_has_a_switch()
    {
        string[] components = [.. Directory.EnumerateDirectories(Components).Select(static path => Path.GetFileName(path))];
        IEnumerable<string> tested = Switches.SelectMany(static row => row.Data.Item2.Split(','));
        Assert.Equal(["common-labels"], components.Except(tested));
    }

    [Theory]
    [MemberData(nameof(GoldenFiles))]
    public async Task What_is_rendered_is_what_was_reviewed(string values)
    {
        string file = Path.Combine(Golden, values.Replace(".values.yaml", ".yaml", StringComparison.Ordinal));
        string rendered = await Chart.TemplateAsync("--values", Path.Combine(Golden, values));
        if (Environment.GetEnvironmentVariable("MEMSNOOP_UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(file, rendered, TestContext.Current.CancellationToken);
        }

        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), rendered);
    }

    [Theory]
    [InlineData("privilged=true", "privilged")]
    [InlineData("image.repo=memsnoop", "repo")]
    [InlineData("privileged=very", "/privileged")]
    [InlineData("tolerations=all", "/tolerations")]
    [InlineData("podMonitor.interval=often", "/podMonitor/interval")]
    [InlineData("kubelet.resource=nodes/exec", "/kubelet/resource")]
    [InlineData("capabilities={SYS_BOOT}", "/capabilities/0")]
    [InlineData("idleBitmap=true", "/idleBitmap")]
    [InlineData("seccompProfile.type=Localhost", "localhostProfile")]
    [InlineData("appArmorProfile.type=Local", "/appArmorProfile/type")]
    [InlineData("resources.limit.memory=1Gi", "limit")]
    [InlineData("maxUnavailable=0", "/maxUnavailable")]
    [InlineData("extraEnv[0].nam=A", "nam")]
    [InlineData("podMonitor.enabled=true,serviceMonitor.enabled=true", "/serviceMonitor/enabled")]
    [InlineData("serviceMonitor.enabled=true,service.enabled=false", "/service/enabled")]
    public async Task A_wrong_value_or_an_unknown_key_is_named(string set, string named)
    {
        foreach (string command in (string[])["template", "lint"])
        {
            CommandResult result = await Chart.TryAsync(command, "--set", set);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains(named, result.Output + result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Schema_knows_the_keys_of_the_values_and_no_others()
    {
        JsonObject schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Chart.Directory, "values.schema.json")))!.AsObject();
        JsonObject values = Assert.Single(new Manifests(File.ReadAllText(Path.Combine(Chart.Directory, "values.yaml"))).All);
        Assert.Equal(Keys(values), Properties(schema).Except(["global"]));
        foreach ((string key, JsonNode? value) in values)
        {
            JsonObject type = schema["properties"]![key]!.AsObject();
            type = (string?)type["$ref"] is { } reference ? schema["definitions"]![reference.Split('/')[^1]]!.AsObject() : type;

            // A section of the chart's own; what is Kubernetes' own is as long as its user wants.
            if (key is "image" or "serviceAccount" or "webConfig" || type["properties"]?["enabled"] is not null)
            {
                Assert.Equal(Keys(value!.AsObject()), Properties(type));
            }
        }

        static IEnumerable<string> Keys(JsonObject map) => map.Select(static pair => pair.Key).Order(StringComparer.Ordinal);
        static IEnumerable<string> Properties(JsonObject type) => Keys(type["properties"]!.AsObject());
    }

    [Fact]
    public async Task Settings_are_a_file_of_their_own_whose_change_makes_new_pods()
    {
        Manifests one = new(await Chart.TemplateAsync("--set", "settings.WorkingSet.Interval=30s"));
        Manifests other = new(await Chart.TemplateAsync("--set", "settings.WorkingSet.Interval=20s"));
        Assert.NotEqual(Checksum(one), Checksum(other));

        V1ConfigMap map = one.Single<V1ConfigMap>();
        string option = Assert.Single(one.Container.Args, static argument => argument.StartsWith("--config=", StringComparison.Ordinal));
        V1VolumeMount mount = one.Container.VolumeMounts.Single(mount => option == $"--config={mount.MountPath}/{Assert.Single(map.Data).Key}");
        Assert.Equal(map.Metadata.Name, one.Pod.Spec.Volumes.Single(volume => volume.Name == mount.Name).ConfigMap.Name);
        Assert.Equal("30s", JsonElement.Parse(map.Data.Values.Single()).GetProperty("MemSnoop").GetProperty("WorkingSet").GetProperty("Interval").GetString());

        static string Checksum(Manifests manifests) => manifests.Pod.Metadata.Annotations["checksum/settings"];
    }

    [Fact]
    public async Task Packaged_chart_has_the_files_that_are_made_of_others()
    {
        using TemporaryDirectory made = new();
        Assert.Equal(0, (await Kubectl.HelmAsync("package", Chart.Directory, "--destination", made.Root)).ExitCode);
        string listed = await Command.RunAsync("tar", ["-tzf", made[$"memsnoop-{Release.Version}.tgz"]], TimeSpan.FromMinutes(1));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Chart.Directory, "files"), "*", SearchOption.AllDirectories))
        {
            Assert.Contains($"memsnoop/{Path.GetRelativePath(Chart.Directory, file)}\n", listed, StringComparison.Ordinal);
        }
    }

    /// <summary>Copies in the chart, its README, and the rules for the operator.</summary>
    [Fact]
    public async Task Generated_files_are_as_they_would_be_made_now()
    {
        using TemporaryDirectory made = new();
        await Command.RunAsync(Path.Combine(Checkout.Root, "deploy", "generate.sh"), [made.Root], TimeSpan.FromMinutes(1));
        string deploy = Path.Combine(Checkout.Root, "deploy");
        string[] files = [.. Directory.EnumerateFiles(made.Root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(made.Root, path)).Order()];
        Assert.Contains("helm/memsnoop/README.md", files);
        Assert.All(files, file => Assert.Equal(File.ReadAllText(made[file]), File.ReadAllText(Path.Combine(deploy, file))));

        // And none that nothing makes any more.
        string copies = Path.Combine("helm", "memsnoop", "files");
        Assert.Equal(
            files.Where(static file => file.StartsWith("helm/memsnoop/files/", StringComparison.Ordinal)),
            Directory.EnumerateFiles(Path.Combine(deploy, copies), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(deploy, path)).Order());
    }

    [Fact]
    public async Task Dashboards_and_rules_are_rendered_as_they_are()
    {
        Manifests rendered = new(await Chart.TemplateAsync("--set", "dashboards.enabled=true,prometheusRule.enabled=true"));
        Dictionary<string, string> dashboards = rendered.Typed.OfType<V1ConfigMap>().SelectMany(static map => map.Data).ToDictionary(static pair => pair.Key, static pair => pair.Value);
        Assert.NotEmpty(dashboards);
        Assert.Equal(Files("dashboards"), dashboards.OrderBy(static pair => pair.Key, StringComparer.Ordinal));

        IEnumerable<string?> groups = rendered.All.Where(static manifest => Manifests.KindOf(manifest) == "PrometheusRule")
            .SelectMany(static manifest => manifest["spec"]!["groups"]!.AsArray()).Select(Ordered);
        IEnumerable<string?> written = Files("rules")
            .SelectMany(static file => Assert.Single(new Manifests(file.Value).All)["groups"]!.AsArray()).Select(Ordered);
        Assert.Equal(written.Order(), groups.Order());

        string url = await Chart.TemplateAsync("--set", "prometheusRule.enabled=true,prometheusRule.runbookUrl=https://wiki.example.com/");
        Assert.DoesNotContain("runbook_url: docs/", url, StringComparison.Ordinal);
    }

    /// <summary>The chart's copies, which are those of the files that others use.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Files(string directory)
    {
        string path = Path.Combine(Chart.Directory, "files", directory);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal).Select(static file => KeyValuePair.Create(Path.GetFileName(file), File.ReadAllText(file)))
            : [];
    }

    private static Dictionary<string, JsonObject> ByName(Manifests manifests) =>
        manifests.All.ToDictionary(static manifest => $"{Manifests.KindOf(manifest)} {manifest["metadata"]!["name"]}", WithoutMaker);

    private static JsonObject WithoutMaker(JsonObject manifest)
    {
        Remove(manifest["metadata"]);
        Remove(manifest["spec"]?["template"]?["metadata"]);
        return manifest;

        static void Remove(JsonNode? metadata)
        {
            foreach (string label in MakersLabels)
            {
                metadata?["labels"]?.AsObject().Remove(label);
            }
        }
    }

    /// <summary>One text for one object, in whatever order its fields, and what Kubernetes takes for a set, are.</summary>
    private static string? Ordered(JsonNode? node) => node switch
    {
        JsonObject map => $"{{{string.Join(",", map.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"\"{pair.Key}\":{Ordered(pair.Value)}"))}}}",
        JsonArray list when list.All(static item => item is JsonObject named && named.ContainsKey("name")) => $"[{string.Join(",", list.Select(Ordered).Order(StringComparer.Ordinal))}]",
        JsonArray list => $"[{string.Join(",", list.Select(Ordered))}]",
        _ => node?.ToJsonString() ?? "null",
    };
}
