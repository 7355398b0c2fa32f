using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using System.Text.Json;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop check</c> on this machine, for people and for programs.</summary>
[Collection(EndToEndCollection.Name)]
public class CheckTests
{
    [Fact]
    public async Task Text_and_json_say_the_same_of_every_measurement()
    {
        CommandResult text = await Command.TryRunAsync(Repository.Executable, ["check"], ExporterProcess.Deadline);
        CommandResult json = await Command.TryRunAsync(Repository.Executable, ["check", "--json"], ExporterProcess.Deadline);
        Assert.Equal((0, "", 0, ""), (text.ExitCode, text.Error, json.ExitCode, json.Error));

        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement root = document.RootElement;
        Assert.Equal(BuildInfo.Version, root.GetProperty("version").GetString());
        Assert.Contains(root.GetProperty("method").GetString(), (string[])["page_idle", "damon", "referenced"]);
        JsonElement[] findings = [.. root.GetProperty("findings").EnumerateArray()];
        foreach (JsonElement finding in findings)
        {
            string state = Text(finding, "state");
            Assert.Contains(state, (string[])["ok", "limited", "missing", "absent"]);
            Assert.NotEqual("", Text(finding, "detail"));
            Assert.Equal(state == "ok", Text(finding, "reason") == "ok");
            Assert.True(state == "ok" || Text(finding, "advice").Length > 0, $"{finding} gives no advice.");
            Assert.Matches($"(?m)^{state} +{Text(finding, "topic")} +", text.Output);
        }

        string[] topics = [.. findings.Select(static finding => Text(finding, "topic"))];
        Assert.All(
            MeasurementCatalogue.Published.Where(static measurement => !measurement.IsWindow),
            measurement => Assert.Contains(measurement.Name, topics));
        Assert.Contains("working-set by referenced", topics);

        JsonElement[] measurements = [.. root.GetProperty("measurements").EnumerateArray()];
        Assert.Equal(MeasurementCatalogue.Published.Select(static measurement => measurement.Name), measurements.Select(static measurement => Text(measurement, "name")));
        JsonElement io = Assert.Single(measurements.Single(static measurement => Text(measurement, "name") == "process-io").GetProperty("sources").EnumerateArray());
        Assert.Equal(("/proc/PID/io", "read"), (Text(io, "name"), Text(io, "access")));
        Assert.Equal(["CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"], io.GetProperty("capabilities").EnumerateArray().Select(static capability => capability.GetString()));
    }

    /// <summary>As in a container without <c>--pid=host</c>. On a host nothing is said of it.</summary>
    [Fact]
    public async Task Who_sees_only_a_container_is_told()
    {
        string[] alone = ["--pid", "--fork", "--kill-child", "--mount-proc", Repository.Executable];
        CommandResult inside = await Command.TryRunAsync("unshare", [.. alone, "check"], ExporterProcess.Deadline);
        Assert.Matches(@"(?m)^limited +processes +the processes of the host cannot be seen.*\n +to do: run the container with --pid=host", inside.Output);
        CommandResult outside = await Command.TryRunAsync(Repository.Executable, ["check"], ExporterProcess.Deadline);
        bool isHost = new FileInfo("/proc/self/ns/pid").LinkTarget == "pid:[4026531836]";   // these tests may run in a container
        Assert.Equal(!isHost, outside.Output.Contains("the processes of the host cannot be seen", StringComparison.Ordinal));

        await using ExporterProcess exporter = await ExporterProcess.StartAsync([], ["unshare", .. alone[..^1]]);
        await Eventually.HoldsAsync(() => exporter.Log.Any(static line => line.Contains("the processes of the host cannot be seen", StringComparison.Ordinal)));
        Assert.Single(exporter.Log, static line => line.Contains("the processes of the host cannot be seen", StringComparison.Ordinal));
    }

    /// <summary>A lack is missing only where something that is switched on needs it, and what is said twice is said once.</summary>
    [Fact]
    public async Task A_lack_is_told_by_who_needs_it_and_once()
    {
        using TemporaryDirectory directory = new();
        Directory.CreateDirectory(directory["sys/kernel/mm/numa"]);
        string[] bare = ["check", "--sysfs", directory["sys"]];
        CommandResult check = await Command.TryRunAsync(Repository.Executable, bare, ExporterProcess.Deadline);
        Assert.Equal((0, ""), (check.ExitCode, check.Error));
        Assert.Matches("(?m)^absent +working-set by page_idle +", check.Output);
        Assert.Matches("(?m)^absent +reaccessed +", check.Output);
        Assert.Matches("(?m)^absent +generations +", check.Output);
        string[] advice = [.. check.Output.Split('\n').Where(static line => line.Contains("to do: ", StringComparison.Ordinal)).Select(static line => line.Trim())];
        Assert.Equal(advice.Distinct(), advice);

        CommandResult wanted = await Command.TryRunAsync(
            Repository.Executable,
            [.. bare, "--method", "page_idle", "--config", directory.Write("memsnoop.json", """{ "MemSnoop": { "Readings": { "Measurements": { "generations": { "Enabled": true } } }, "Processes": { "Names": ["^no-such-process$"] } } }""")],
            ExporterProcess.Deadline);
        Assert.Equal((1, ""), (wanted.ExitCode, wanted.Error));
        Assert.Matches("(?m)^missing +working-set by page_idle +", wanted.Output);
        Assert.Matches("(?m)^missing +generations +", wanted.Output);
        Assert.Matches("(?m)^limited +selection +no process matches", wanted.Output);
    }

    [Fact]
    public async Task A_tree_without_working_sets_is_code_1()
    {
        CommandResult check = await Command.TryRunAsync(
            Repository.Executable, ["check", "--procfs", Path.Combine(Checkout.Root, "tests", "MemSnoop.Tests", "Fixtures", "proc")], ExporterProcess.Deadline);
        Assert.Equal((1, ""), (check.ExitCode, check.Error));
        Assert.Matches("(?m)^missing +working-set +no method works here", check.Output);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
