using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>AppArmor's profile for nodes, as its own parser reads it. No kernel has loaded it here: that of the tests has no AppArmor.</summary>
[OrdinaryTier]
public sealed partial class AppArmorProfileTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private static string Profile => Path.Combine(Checkout.Root, "deploy", "kubernetes", "profiles", "memsnoop.apparmor");

    [Fact]
    public async Task Parser_understands_it()
    {
        CommandResult parsed = await ParseAsync(Profile);
        Assert.True(parsed.ExitCode == 0, parsed.Error);

        using TemporaryDirectory directory = new();
        string text = await File.ReadAllTextAsync(Profile, TestContext.Current.CancellationToken);
        CommandResult wrong = await ParseAsync(directory.Write("wrong", text.Replace("capability sys_ptrace", "capability sys_trace", StringComparison.Ordinal)));
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.Contains("sys_trace", wrong.Error, StringComparison.Ordinal);
    }

    /// <summary>What the components name is its name, and it allows what the pod may ask for.</summary>
    [Fact]
    public async Task It_has_the_capabilities_that_a_pod_can_have_and_writes_what_measurements_write()
    {
        string text = await File.ReadAllTextAsync(Profile, TestContext.Current.CancellationToken);
        Manifests manifests = await Kubectl.RenderWithAsync("least-privilege", "apparmor-profile");
        Assert.Equal(("Localhost", Assert.Single(Named().Matches(text)).Groups[1].Value), (manifests.Container.SecurityContext.AppArmorProfile.Type, manifests.Container.SecurityContext.AppArmorProfile.LocalhostProfile));

        JsonObject schema = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Chart.Directory, "values.schema.json"), TestContext.Current.CancellationToken))!.AsObject();
        IEnumerable<string> allowed = schema["properties"]!["capabilities"]!["items"]!["enum"]!.AsArray().Select(static name => ((string)name!).ToLowerInvariant());
        Assert.Equal(allowed.Order(StringComparer.Ordinal), Granted().Matches(text).Select(static match => match.Groups[1].Value).Order(StringComparer.Ordinal));

        IEnumerable<string> written = MeasurementCatalogue.Published.SelectMany(static measurement => measurement.Sources)
            .Where(static source => source.Access is KernelAccess.Write or KernelAccess.ReadWrite).Select(static source => source.Name).Distinct().Except(["/proc/1/root/run/memsnoop"]);
        Assert.NotEmpty(written);

        // The directory of locks has its path from that root.
        Assert.Contains("\n  /{,var/}run/memsnoop/ rw,\n", text, StringComparison.Ordinal);
        Assert.All(written, path => Assert.Contains($"\n  {path.Replace("/proc/PID", "@{PROC}/[0-9]*", StringComparison.Ordinal)} w,\n", text, StringComparison.Ordinal));
    }

    /// <summary>Reads it and does not load it.</summary>
    private static Task<CommandResult> ParseAsync(string file) => Command.TryRunAsync("/sbin/apparmor_parser", ["--skip-kernel-load", "--skip-cache", "--skip-read-cache", file], Deadline);

    [GeneratedRegex(@"(?m)^profile (\S+) ")]
    private static partial Regex Named();

    [GeneratedRegex(@"(?m)^  capability (\w+),$")]
    private static partial Regex Granted();
}
