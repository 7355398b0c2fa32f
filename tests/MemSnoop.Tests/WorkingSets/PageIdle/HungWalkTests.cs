using MemSnoop.Kernel;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>A walk over processes that one of them holds up: another thread goes on behind it, and all others have what they would have had.</summary>
public sealed class HungWalkTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeHost _host = new();
    private readonly HungProcesses _hung = new();
    private readonly WatchedThread _thread;
    private readonly PageIdleEstimator _estimator;
    private readonly Passes _passes;
    private readonly ManualResetEventSlim _answers = new();
    private readonly FakeProcess _first;
    private readonly FakeProcess _second;

    public HungWalkTests()
    {
        _thread = new WatchedThread("test", _hung);
        _estimator = _host.Estimator(new EstimatorOptions { GroupOf = static _ => "pod" });
        _passes = new Passes(_estimator);
        _first = _host.Fill(_host.Start(), 200);
        _second = _host.Fill(_host.Start(), 300);
        Pass();
        Pass();
    }

    [Fact]
    public async Task A_pass_goes_on_behind_a_process_that_does_not_answer()
    {
        // The processes of a group are walked over in the order of the list: it comes between the others.
        FakeProcess hung = _host.Fill(_host.Start(), 100);
        Hang(hung.Pid);
        FakeHost.Touch(_first, 20);
        FakeHost.Touch(_second, 30);
        ResumedWork pass = Pass(_first, hung, _second);
        Assert.Equal([hung.Pid], pass.Hung);
        Assert.Equal(ReadOutcome.Hung, _passes.Skipped(hung.Tracked));
        Assert.Equal((Bytes(20), Bytes(200)), (_passes.Completed(_first.Tracked).AnonBytes, _passes.Completed(_first.Tracked).ResidentBytes));
        Assert.Equal((Bytes(30), Bytes(300)), (_passes.Completed(_second.Tracked).AnonBytes, _passes.Completed(_second.Tracked).ResidentBytes));

        // Nobody knows what the group's third member uses.
        Assert.Equal(Bytes(50), _passes.Groups["pod"].AnonBytes);

        // The next pass has windows of the others, one interval long, and of it once it answers.
        FakeHost.Touch(_first, 10);
        Pass(_first, _second);
        Assert.Equal((60 * Second, Bytes(10)), (_passes.Completed(_first.Tracked).Window, _passes.Completed(_first.Tracked).AnonBytes));
        _answers.Set();
        await Eventually.HoldsAsync(() => _hung.Count == 0);
        Pass();
        FakeHost.Touch(hung, 40);
        Pass();
        Assert.Equal(Bytes(40), _passes.Completed(hung.Tracked).AnonBytes);
    }

    [Fact]
    public void A_look_goes_on_behind_a_process_that_does_not_answer()
    {
        FakeProcess hung = _host.Fill(_host.Start(), 100);
        FakeProcess born = _host.Fill(_host.Start(), 50);
        _host.Lives[born.Pid] = 3 * Second;
        Hang(hung.Pid);
        _host.Clock.Advance(5 * Second);
        _host.Write();
        ResumedWork look = new(_estimator, _passes, () => _passes.Glance(hung.Tracked, born.Tracked));
        _thread.Run(look);
        Assert.Equal([hung.Pid], look.Hung);
        Assert.Equal(ReadOutcome.Hung, _passes.Skipped(hung.Tracked));
        Assert.Equal((3 * Second, Bytes(50)), (_passes.Completed(born.Tracked).Window, _passes.Completed(born.Tracked).AnonBytes));
    }

    private void Hang(int pid) => _host.AskedForLife = asked =>
    {
        if (asked == pid)
        {
            KernelCalls.About(pid);
            KernelCalls? calls = KernelCalls.Begin();
            _answers.Wait();
            KernelCalls.End(calls);
        }
    };

    private void Pass() => Pass([.. _host.Processes]);

    private ResumedWork Pass(params FakeProcess[] processes)
    {
        _host.Clock.Advance(60 * Second);
        _host.Write();
        ResumedWork pass = new(_estimator, _passes, () => _passes.Run([.. processes.Select(static process => process.Tracked)]));
        _thread.Run(pass);
        return pass;
    }

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    public void Dispose()
    {
        _answers.Set();
        _thread.Dispose();
        _estimator.Dispose();
        _host.Dispose();
        _answers.Dispose();
    }
}
