using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Metrics.Configuration;
using static MemSnoop.Exporter.Tests.Sampling.ContainerTree;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Which group a process is in, and the sums of groups. On a tree of plain files.</summary>
public sealed class ProcessGroupsTests : IDisposable
{
    private const string Processes = "memsnoop.group.processes{group=";

    private readonly ContainerTree _tree = new();
    private readonly LogLines _log = new();

    [Fact]
    public void By_name_each_name_is_a_group()
    {
        _tree.Options.Groups.By = "name";
        Add(10, "nginx");
        Add(11, "nginx");
        Add(12, "redis");
        Assert.Equal(["init 1", "nginx 2", "redis 1"], Groups());
    }

    [Fact]
    public void By_user_each_user_is_a_group()
    {
        _tree.Options.Groups.By = "user";
        Add(10, "a", user: 0);
        Add(11, "b", user: 0);
        Add(12, "c", user: 54321);
        Assert.Equal(["54321 1", "root 2"], Groups());
    }

    [Fact]
    public void By_unit_each_unit_is_a_group_and_who_has_none_is_in_none()
    {
        _tree.Options.Groups.By = "unit";
        Add(10, "sshd", cgroup: "0::/system.slice/ssh.service");
        Add(11, "bash", cgroup: "0::/user.slice/user-0.slice/session-1.scope");
        Add(12, "sshd", cgroup: "0::/system.slice/ssh.service");
        Assert.Equal(["session-1.scope 1", "ssh.service 2"], Groups());
    }

    [Fact]
    public void A_template_has_fields_of_the_process_and_what_was_matched()
    {
        _tree.Options.Groups.By = "{{.ExeBase}} {{.ExeFull}} {{.Matches.port}}";
        _tree.Options.Groups.Match = [new Regex("--port[= ](?<port>[0-9]+)"), new Regex("serve")];
        _tree.Options.Processes.Children = false;
        Add(10, "web", "/opt/web/bin/web\0serve\0--port\080\0");
        Add(11, "web", "/opt/web/bin/web\0serve\0--port=81\0");
        Add(12, "web", "/opt/web/bin/web\0stop\0--port=81\0");
        Assert.Equal(["web /opt/web/bin/web 80 1", "web /opt/web/bin/web 81 1"], Groups());
    }

    [Fact]
    public void The_first_rule_that_applies_counts_and_conditions_narrow_each_other()
    {
        _tree.Options.Processes.Children = false;
        _tree.Options.Groups.FileRules =
        [
            Rule("shell", comms: ["bash", "sh"]),
            Rule("pg:{{.Comm}}", exes: ["postgres"]),
            Rule("prom", exes: ["/usr/bin/prometheus"]),
            Rule("java", comms: ["java"], commandLines: ["-jar", "shop"]),
            Rule("rest {{.PID}}", commandLines: ["^(?<all>.+)$"]),
        ];
        Add(10, "bash", "bash\0");
        Add(11, "postmaster", "/usr/lib/postgresql/bin/postgres\0-D\0/data\0");
        Add(12, "prometheus", "/usr/bin/prometheus\0");
        Add(13, "prometheus", "/opt/prometheus\0");
        Add(14, "java", "java\0-jar\0shop.jar\0");
        Add(15, "java", "java\0-jar\0other.jar\0");
        Add(16, "kept-no-args", "");
        Assert.Equal(["java 1", "pg:postmaster 1", "prom 1", "rest 13 1", "rest 15 1", "shell 1"], Groups());
    }

    [Theory]
    [InlineData(true, "web 3")]
    [InlineData(false, "web 1")]
    public void Who_is_in_no_group_goes_with_his_ancestor(bool children, string expected)
    {
        _tree.Options.Processes.Children = children;
        _tree.Options.Groups.FileRules = [Rule("web", comms: ["nginx"])];
        Add(12, "nginx", parent: 1);
        Add(11, "helper", parent: 12);
        Add(10, "grandchild", parent: 11);
        Assert.Equal([expected], Groups());
    }

    [Fact]
    public void After_an_exec_a_process_is_in_another_group()
    {
        _tree.Options.Groups.By = "name";
        Add(10, "bash");
        using ObservedSeries observed = new(_tree, _log);
        Assert.Equal(["bash 1", "init 1"], GroupsIn(observed.Read()));
        Add(10, "nginx");
        Assert.Equal(["init 1", "nginx 1"], GroupsIn(observed.Read()));
        _tree.RemoveProcess(10);
        Assert.Equal(["init 1"], GroupsIn(observed.Read()));
    }

    [Fact]
    public void A_process_of_a_container_counts_there_unless_containers_have_no_labels()
    {
        _tree.Options.Groups.By = "name";
        Add(10, "nginx", cgroup: $"0::/docker/{A}");
        Add(11, "nginx");
        Assert.Equal(["init 1", "nginx 1"], Groups());
        _tree.Options.Processes.ContainerLabels = false;
        Assert.Equal(["init 1", "nginx 2"], Groups());
    }

    [Fact]
    public void Names_are_one_line_and_bounded()
    {
        _tree.Options.Groups.By = "{{.ExeFull}}";
        Add(10, "a", "x\ny" + new string('z', 500) + "\0");
        Assert.Equal(["x y" + new string('z', 125) + " 1"], Groups());
    }

    [Fact]
    public void Sums_hold_what_the_processes_hold_and_used_and_those_who_end_stay_in_what_was_used()
    {
        _tree.Options.Groups.By = "name";
        _tree.Options.Series.PerProcess = 0;
        File.WriteAllText(_tree["proc/uptime"], "2.00 1.00\n");

        // 100 ticks a second: the first began before memsnoop, the second while it runs.
        Add(50, "job", start: 100, ticks: 500, pages: 10);
        using ObservedSeries observed = new(_tree, _log);
        AssertSums(observed.Read(), 1, 10, 0, 0);
        Add(50, "job", start: 100, ticks: 700, pages: 20);
        Add(51, "job", start: 300, ticks: 50, pages: 1);
        AssertSums(observed.Read(), 2, 21, 2.5, 2.5);
        _tree.RemoveProcess(51);
        AssertSums(observed.Read(), 1, 20, 2.5, 2.5);
        Add(50, "job", start: 100, ticks: 800, pages: 20);
        IReadOnlyDictionary<string, double> last = observed.Read();
        AssertSums(last, 1, 20, 3.5, 3.5);
        Assert.Empty(ObservedSeries.PidsIn(last));
    }

    [Fact]
    public void Without_groups_there_are_no_series_of_groups()
    {
        using ObservedSeries observed = new(_tree, _log);
        Assert.DoesNotContain(observed.Read().Keys, static name => name.StartsWith("memsnoop.group.", StringComparison.Ordinal));
    }

    private static void AssertSums(IReadOnlyDictionary<string, double> series, int processes, int pages, double user, double system) => Assert.Equal(
        (processes, (double)pages * Environment.SystemPageSize, user, system),
        (series["memsnoop.group.processes{group=job}"], series["memsnoop.group.memory.resident{group=job}"],
            series["memsnoop.group.cpu.time{group=job,mode=user}"], series["memsnoop.group.cpu.time{group=job,mode=system}"]));

    private static GroupRule Rule(string name, string[]? comms = null, string[]? exes = null, string[]? commandLines = null) =>
        new(GroupsSettings.Parse(name)) { Comms = comms ?? [], Exes = exes ?? [], CommandLines = [.. (commandLines ?? []).Select(Syntax.CompileRegex)] };

    private string[] Groups()
    {
        using ObservedSeries observed = new(_tree, _log);
        return GroupsIn(observed.Read());
    }

    private static string[] GroupsIn(IReadOnlyDictionary<string, double> series) =>
        [.. series.Where(static each => each.Key.StartsWith(Processes, StringComparison.Ordinal)).Select(static each => $"{each.Key[Processes.Length..^1]} {each.Value}").Order(StringComparer.Ordinal)];

    private void Add(int pid, string comm, string commandLine = "", string cgroup = "0::/", int parent = 0, uint user = 0, int? start = null, int ticks = 1, int pages = 100)
    {
        Directory.CreateDirectory(_tree[$"proc/{pid}"]);
        File.WriteAllText(
            _tree[$"proc/{pid}/stat"],
            $"{pid} ({comm}) S {parent} 1 1 0 0 0 0 0 0 0 {ticks} {ticks} 0 0 20 0 1 0 {start ?? 100 + pid} 4096000 {pages} {string.Join(' ', Enumerable.Repeat("1", 28))}\n");
        File.WriteAllText(_tree[$"proc/{pid}/statm"], "1000 100 50 10 0 200 0\n");
        File.WriteAllText(_tree[$"proc/{pid}/cgroup"], cgroup + "\n");
        File.WriteAllText(_tree[$"proc/{pid}/cmdline"], commandLine);
        File.WriteAllText(_tree[$"proc/{pid}/status"], $"Name:\tx\nUid:\t1\t{user}\t1\t1\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n");
    }

    public void Dispose()
    {
        _tree.Dispose();
        _log.Dispose();
    }
}
