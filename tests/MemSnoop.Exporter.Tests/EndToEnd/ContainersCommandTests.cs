using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop containers</c>, with a real control group that has the name of a kubelet's.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class ContainersCommandTests : IDisposable
{
    private const string Id = "abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_container_has_its_names_its_usage_and_its_limit()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        using Cgroup group = Cgroup.Make(touch.Pid, $"kubepods/burstable/pod{Uid}/{Id}");
        Directory.CreateDirectory(_directory["logs"]);
        File.CreateSymbolicLink(_directory[$"logs/web_shop_nginx-{Id}.log"], $"/var/log/pods/shop_web_{Uid}/nginx/0.log");
        bool isUnified = File.Exists(Path.Join(group.Directory, "memory.max"));
        await File.WriteAllTextAsync(Path.Join(group.Directory, isUnified ? "memory.max" : "memory.limit_in_bytes"), $"{64 << 20}", TestContext.Current.CancellationToken);

        CommandResult json = await RunAsync("--json");

        Assert.Equal(0, json.ExitCode);
        Assert.Equal(
            "memsnoop: what is held, used and idle is not known: no exporter runs here that has a window; the length of a window measures one\n", json.Error);
        using JsonDocument answer = JsonDocument.Parse(json.Output);
        Assert.Equal("no_window", answer.RootElement.GetProperty("reason").GetString());
        JsonElement container = Assert.Single(answer.RootElement.GetProperty("containers").EnumerateArray(), static found => found.GetProperty("container_id").GetString() == Id);
        Assert.Equal(
            ("shop", "web", "nginx", 64 * Series.MB),
            (Text("namespace"), Text("pod"), Text("container"), container.GetProperty("limit_bytes").GetDouble()));
        double usage = double.Parse(
            await File.ReadAllTextAsync(Path.Join(group.Directory, isUnified ? "memory.current" : "memory.usage_in_bytes"), TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        Assert.InRange(container.GetProperty("usage_bytes").GetDouble(), usage - Series.MB, usage + Series.MB);
        Assert.False(container.TryGetProperty("held_bytes", out _));

        CommandResult table = await RunAsync();
        Assert.Equal(0, table.ExitCode);
        Assert.Contains(table.Output.Split('\n'), static row => row.StartsWith("shop/web/nginx ", StringComparison.Ordinal) && row.EndsWith(" 64.00", StringComparison.Ordinal));

        string Text(string name) => container.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task A_host_without_containers_is_no_error()
    {
        using TemporaryDirectory empty = new();
        empty.Write("stat", "");
        CommandResult result = await RunAsync("--procfs", empty.Root, "--sysfs", empty.Root, "1");
        Assert.Equal((0, "CONTAINER  HELD(MiB)  USED(MiB)  IDLE(MiB)  USAGE(MiB)  LIMIT(MiB)\n"), (result.ExitCode, result.Output));
        string[] lines = result.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("memsnoop: what is held, used and idle is not known: ", lines[0], StringComparison.Ordinal);
        Assert.Equal("memsnoop: usage and limits are not known: the host's control groups with the memory controller cannot be seen", lines[1]);
    }

    [Fact]
    public async Task A_host_whose_control_groups_are_no_containers_says_so()
    {
        using TemporaryDirectory host = new();
        host.Write("proc/stat", "");
        host.Write("sys/fs/cgroup/cgroup.procs", "");
        host.Write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        host.Write("sys/fs/cgroup/system.slice/memory.current", "4096\n");
        CommandResult result = await RunAsync("--procfs", host["proc"], "--sysfs", host["sys"]);
        Assert.Equal((0, "CONTAINER  HELD(MiB)  USED(MiB)  IDLE(MiB)  USAGE(MiB)  LIMIT(MiB)\n"), (result.ExitCode, result.Output));
        Assert.EndsWith("\nmemsnoop: no container runs here: no control group has the id of one\n", result.Error, StringComparison.Ordinal);
    }

    private Task<CommandResult> RunAsync(params string[] arguments) =>
        Command.TryRunAsync(Repository.Executable, ["containers", "--run-dir", _directory["run"], "--container-logs", _directory["logs"], .. arguments], ExporterProcess.Deadline);

    public void Dispose() => _directory.Dispose();
}
