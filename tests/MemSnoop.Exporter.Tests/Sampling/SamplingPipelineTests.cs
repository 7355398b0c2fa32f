using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>What a pipeline holds is given back with it. On a tree of plain files, where the method page_idle works too.</summary>
public sealed class SamplingPipelineTests : IDisposable
{
    private readonly TemporaryDirectory _tree = new();
    private readonly MeasuredHost _host;

    public SamplingPipelineTests()
    {
        _tree.Write("sys/kernel/mm/page_idle/bitmap", "");
        _tree.Write("proc/stat", "btime 1700000000\n");
        _tree.Write("proc/kpageflags", "");
        _tree.Write("proc/self/pagemap", "");
        _host = new MeasuredHost(new MemSnoopOptions(), new KernelPaths(_tree["proc"], _tree["sys"], _tree["run"]), new HandleBudget(100));
        _host.Options.Processes.All = true;
    }

    [Fact]
    public void The_bitmaps_lock_lasts_as_long_as_the_pipeline()
    {
        using (Make())
        {
            Assert.Equal(ProbeResult.InUse, Bitmap().Reason);
        }

        Assert.Equal("ok", Bitmap().Reason);
    }

    [Fact]
    public void A_second_pipeline_that_wants_the_bitmap_is_refused_and_leaves_nothing_behind()
    {
        using (Make())
        {
            _host.Options.WorkingSet.Method = WorkingSetMethod.PageIdle;
            UsageException refused = Assert.Throws<UsageException>(Make);
            Assert.Equal("--method", refused.Thing);
        }

        Assert.Equal("ok", Bitmap().Reason);
        Make().Dispose();
    }

    /// <summary>As where two DaemonSets have a pod on one node: the second measures what it can, and takes no bits from under the first.</summary>
    [Fact]
    public void A_second_pipeline_goes_on_without_working_sets_and_says_who_has_the_bitmap()
    {
        using (SamplingPipeline first = Make())
        using (SamplingPipeline second = Make())
        {
            Assert.NotNull(first.Windows);
            Assert.Null(second.Windows);
            Assert.True(second.IsReady);
            LogLines log = new();
            second.Report(log);
            Assert.Contains(log.All, static line => line.Contains("method page_idle does not work here: process ", StringComparison.Ordinal) && line.Contains("holds the lock of", StringComparison.Ordinal));
        }

        Assert.Equal("ok", Bitmap().Reason);
    }

    [Theory]
    [InlineData("^no-such-process$", true)]
    [InlineData(".", false)]
    public void A_selection_that_matches_nothing_is_told(string name, bool isTold)
    {
        MeasuredHost host = new(new MemSnoopOptions(), new KernelPaths("/proc", _tree["sys"], _tree["run"]), new HandleBudget(100));
        host.Options.Processes.Names = [new Regex(name)];
        using SamplingPipeline pipeline = new(host, new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, TimeProvider.System);
        LogLines log = new();
        pipeline.Report(log);
        Assert.Equal(isTold, log.All.Any(static line => line.Contains("no process matches the selection yet", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_fails_late_gives_back_what_began_early()
    {
        // Events are asked for and none is named: found out after the readings have their instruments.
        _host.Options.Readings.Of("counters").Enabled = true;
        Assert.Equal("--collector.counters", Assert.Throws<UsageException>(Make).Thing);
        Assert.Equal("ok", Bitmap().Reason);
        Assert.Equal(0, _host.Budget.Used);
    }

    [Fact]
    public void A_pass_after_the_end_does_nothing()
    {
        SamplingPipeline pipeline = Make();
        WindowSampler sampler = Assert.IsType<WindowSampler>(Assert.Single(pipeline.Services));
        pipeline.Dispose();
        sampler.SampleOnce();
    }

    private ProbeResult Bitmap() => WorkingSetMethods.Probe(_host.Paths)[0];

    private SamplingPipeline Make() => new(_host, new Meter(SamplingPipeline.MeterName), NullLoggerFactory.Instance, TimeProvider.System);

    public void Dispose() => _tree.Dispose();
}
