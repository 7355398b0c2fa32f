using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Prometheus;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Which processes have series of their own, and what is said of the others. On a tree of plain files.</summary>
public sealed class SeriesChoiceTests : IDisposable
{
    private const string Resident = "memsnoop.process.memory.resident";

    private readonly ContainerTree _tree = new();
    private readonly LogLines _log = new();

    public SeriesChoiceTests()
    {
        for (int pid = 11; pid <= 15; pid++)
        {
            _tree.AddProcess(pid, "job", "0::/", pid * 100);
        }
    }

    [Theory]
    [InlineData(int.MaxValue, new[] { 1, 11, 12, 13, 14, 15 })]
    [InlineData(100, new[] { 1, 11, 12, 13, 14, 15 })]
    [InlineData(2, new[] { 14, 15 })]
    [InlineData(0, new int[0])]
    public void The_largest_have_series_and_the_others_are_counted(int most, int[] expected)
    {
        _tree.Options.Series.PerProcess = most;
        using ObservedSeries observed = new(_tree, _log);

        IReadOnlyDictionary<string, double> series = observed.Read();

        Assert.Equal(expected, ObservedSeries.PidsIn(series));
        Assert.Equal(6, series["memsnoop.processes.watched{}"]);
        Assert.Equal(6 - expected.Length, series["memsnoop.processes.without_series{reason=per_process}"]);
        Assert.Equal(0, series["memsnoop.processes.without_series{reason=max_series}"]);
        double others = new[] { 1, 11, 12, 13, 14, 15 }.Except(expected).Sum(static pid => pid == 1 ? 100 : pid * 100d) * Environment.SystemPageSize;
        Assert.Equal(others, series["memsnoop.processes.without_series_resident{reason=per_process}"]);
        Assert.Equal(1, series["memsnoop.measurement.success{measurement=statm}"]);
        Assert.DoesNotContain(series.Keys, static name => name.StartsWith("memsnoop.series.", StringComparison.Ordinal));
    }

    [Fact]
    public void Who_has_series_keeps_them_until_another_is_a_quarter_larger()
    {
        _tree.Options.Series.PerProcess = 1;
        using ObservedSeries observed = new(_tree, _log);
        Assert.Equal([15], observed.ReadPids());

        _tree.AddProcess(14, "job", "0::/", 1500 * 5 / 4);
        Assert.Equal([15], observed.ReadPids());
        _tree.AddProcess(14, "job", "0::/", (1500 * 5 / 4) + 1);
        Assert.Equal([14], observed.ReadPids());
        _tree.AddProcess(14, "job", "0::/", 1500);
        Assert.Equal([14], observed.ReadPids());
        _tree.RemoveProcess(14);
        Assert.Equal([15], observed.ReadPids());
    }

    [Fact]
    public void Of_equals_it_is_the_same_ones_each_time()
    {
        for (int pid = 100; pid < 150; pid++)
        {
            _tree.AddProcess(pid, "job", "0::/", 5000);
        }

        _tree.Options.Series.PerProcess = 10;
        using ObservedSeries observed = new(_tree, _log);
        int[] first = observed.ReadPids();
        Assert.Equal(Enumerable.Range(100, 10), first);
        _tree.AddProcess(99, "job", "0::/", 5000);
        Assert.Equal(first, observed.ReadPids());
    }

    [Fact]
    public void A_new_name_does_not_cost_a_process_its_series()
    {
        _tree.Options.Series.PerProcess = 1;
        using ObservedSeries observed = new(_tree, _log);
        observed.Read();
        _tree.AddProcess(14, "job", "0::/", 1600);
        _tree.AddProcess(15, "renamed", "0::/", 1500);

        Assert.Contains($"{Resident}{{comm=renamed,pid=15}}", observed.Read().Keys);
    }

    [Fact]
    public void Names_of_processes_that_are_not_watched_are_left_out_where_few_series_are_wanted()
    {
        _tree.Options.Processes.MaxProcesses = 2;
        using (ObservedSeries all = new(_tree, _log))
        {
            Assert.Contains("memsnoop.process.dropped_resident{comm=job,pid=13,reason=limit}", all.Read().Keys);
        }

        _tree.Options.Series.PerProcess = 1;
        using ObservedSeries observed = new(_tree, _log);
        IReadOnlyDictionary<string, double> series = observed.Read();
        Assert.Equal([15], ObservedSeries.PidsIn(series));
        Assert.Equal(4, series["memsnoop.processes.dropped{reason=limit}"]);
    }

    [Fact]
    public void Beyond_the_maximum_of_series_whole_processes_are_left_out()
    {
        _tree.Options.Readings.Of("stat").Enabled = true;
        _tree.Options.Readings.Of("scheduling").Enabled = true;
        int all;
        using (ObservedSeries unlimited = new(_tree, _log))
        {
            unlimited.Read();
            all = unlimited.Read().Count;
        }

        // Two series say that there is a limit; as many processes go as must.
        _tree.Options.Series.Max = all - 20;
        using ObservedSeries observed = new(_tree, _log);
        for (int i = 0; i < 5; i++)
        {
            IReadOnlyDictionary<string, double> series = observed.Read();
            int[] pids = ObservedSeries.PidsIn(series);
            Assert.InRange(series.Count, 0, _tree.Options.Series.Max);
            Assert.InRange(pids.Length, 1, 5);
            Assert.Equal(Enumerable.Range(16 - pids.Length, pids.Length), pids);
            Assert.Equal(pids.Length * 5, series.Keys.Count(static name => name.StartsWith("memsnoop.process.memory.", StringComparison.Ordinal)));
            Assert.Equal(6 - pids.Length, series["memsnoop.processes.without_series{reason=max_series}"]);
            Assert.Equal(6 - pids.Length, series["memsnoop.series.left_out{subject=process}"]);
            Assert.Equal(0, series["memsnoop.series.left_out{subject=container}"]);
            Assert.Equal(_tree.Options.Series.Max, series["memsnoop.series.limit{}"]);
        }

        Assert.StartsWith($"--max-series {_tree.Options.Series.Max} is not enough: ", Assert.Single(_log.All), StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_that_is_enough_changes_nothing()
    {
        _tree.Options.Series.Max = 10_000;
        using ObservedSeries observed = new(_tree, _log);
        IReadOnlyDictionary<string, double> series = observed.Read();
        Assert.Equal([1, 11, 12, 13, 14, 15], ObservedSeries.PidsIn(series));
        Assert.Equal(0, series["memsnoop.series.left_out{subject=process}"]);
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Who_has_been_without_series_has_returned()
    {
        _tree.Options.Series.PerProcess = 1;
        using ObservedSeries observed = new(_tree, _log);
        KeyValuePair<string, object?>[] attributes = [new("comm", "job"), new("pid", 15)];
        observed.Read();
        Assert.False(observed.Pipeline.HasReturned(attributes));
        _tree.AddProcess(14, "job", "0::/", 9000);
        observed.Read();
        _tree.RemoveProcess(14);
        Assert.Equal([15], observed.ReadPids());
        Assert.True(observed.Pipeline.HasReturned(attributes));
    }

    [Fact]
    public void What_describes_a_process_has_labels_from_its_command_line()
    {
        _tree.Options.Series.InfoLabels = [new("jar", new Regex("([^/]+)[.]jar")), new("port", new Regex("--port[= ]([0-9]+)"))];
        File.WriteAllText(_tree["proc/15/status"], "Name:\tjava\nUid:\t0\t0\t0\t0\nvoluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n");
        File.CreateSymbolicLink(_tree["proc/15/exe"], "/usr/bin/java");
        File.WriteAllText(_tree["proc/15/cmdline"], "java\0-jar\0/srv/shop.jar\0--password\0secret\0");
        using ObservedSeries observed = new(_tree, _log);

        string info = Assert.Single(observed.Read().Keys, static name => name.StartsWith("memsnoop.process.info{", StringComparison.Ordinal));

        Assert.Equal("memsnoop.process.info{comm=job,exe=/usr/bin/java,jar=shop,pid=15,port=,user=root}", info);
    }

    public void Dispose()
    {
        _tree.Dispose();
        _log.Dispose();
    }
}
