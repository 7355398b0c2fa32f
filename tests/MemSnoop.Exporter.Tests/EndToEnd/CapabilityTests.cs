using System.Runtime.Versioning;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// The rights that measurements name are those that they need: all of them do, and none can be left out. Run as root without
/// other rights, as a container is that drops all and adds some. These tests need root, to give rights up.
/// </summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
public class CapabilityTests
{
    /// <summary>Measurements whose one kernel file is tried by <c>memsnoop check</c> on a process of another user.</summary>
    public static TheoryData<string> Measurements => [.. MeasurementCatalogue.Published.Where(IsReadingOfProcesses).Select(static measurement => measurement.Name)];

    [Theory]
    [MemberData(nameof(Measurements))]
    public async Task The_rights_that_are_named_suffice_and_are_needed(string name)
    {
        Capability[] named = [.. Find(name).Sources.Where(IsGuarded).SelectMany(static source => source.Capabilities).Distinct()];
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("/usr/bin/setpriv", [.. PublicCopy.AsNobody[1..], copy.Touch, "--resident", "4", "--hot", "1"]);
        Assert.Equal("ok", await CheckAsync(name, named));
        foreach (Capability missing in named)
        {
            Assert.Equal("limited", await CheckAsync(name, [.. named.Where(capability => capability != missing)]));
        }
    }

    private static async Task<string?> CheckAsync(string name, Capability[] kept)
    {
        string rights = string.Concat(kept.Select(static capability => $",+{capability.ToWord()["CAP_".Length..].ToLowerInvariant()}"));
        CommandResult check = await Command.TryRunAsync(
            "/usr/bin/setpriv", ["--bounding-set", $"-all{rights}", Repository.Executable, "check", "--json", "--method", "referenced"], ExporterProcess.Deadline);
        using JsonDocument document = JsonDocument.Parse(check.Output);
        return document.RootElement.GetProperty("findings").EnumerateArray()
            .Single(finding => finding.GetProperty("topic").GetString() == name).GetProperty("state").GetString();
    }

    private static bool IsGuarded(KernelSource source) => source.CapabilitiesUntil is null || Environment.OSVersion.Version < source.CapabilitiesUntil;

    private static bool IsReadingOfProcesses(PublishedMeasurementDescriptor measurement) =>
        !measurement.IsWindow && measurement.Sources.All(static source => source.Access == KernelAccess.Read) && measurement.Sources.Any(static source => source.Name.Contains("PID", StringComparison.Ordinal));

    private static PublishedMeasurementDescriptor Find(string name) => MeasurementCatalogue.Published.Single(measurement => measurement.Name == name);
}
