using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Versioning;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Whatever becomes of <c>memsnoop trace --pause</c>, its target runs.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
public class PauseGuardTests(ITestOutputHelper output)
{
    // Several at a time: a round mostly waits for the runtime to start.
    private const int AtOnce = 4;

    [Fact]
    [OrdinaryTier]
    public Task Deaths_at_random_moments_leave_nothing_stopped() => DieAsync(40);

    [Fact]
    [LongTier("pause-guard")]
    public async Task A_thousand_of_them_neither() => Measured.Note("pause-guard", await DieAsync(1000));

    private async Task<string> DieAsync(int rounds)
    {
        int[] caught = new int[AtOnce];
        ConcurrentBag<double> stopped = [];
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(lane => Task.Run(() => KillAsync(lane, rounds, caught, stopped))));

        double[] times = [.. stopped.Order()];
        string figures = $"stopped at the moment of death: {caught.Sum()} of {rounds}; running again {times[times.Length / 2]:F0} ms after the end, {times[^1]:F0} at most";
        output.WriteLine(figures);

        // Otherwise no round would have shown anything.
        Assert.InRange(caught.Sum(), rounds / 8, rounds);

        // The guard has to get a processor first, which on a busy machine takes its time, but not half of the times.
        Assert.InRange(times[times.Length / 2], 0, 1000);
        return figures;
    }

    private static async Task KillAsync(int lane, int rounds, int[] caught, ConcurrentBag<double> stopped)
    {
        Random random = new(lane);
        using Workload target = await Workload.StartAsync("puppet");
        for (int round = lane; round < rounds; round += AtOnce)
        {
            // Smaps of a process under a millisecond's period: it is paused again as soon as it runs.
            ProcessStartInfo start = new(
                Repository.Executable,
                ["trace", "--pid", $"{target.Pid}", "--pause", "--every", "1ms", "--measure", "smaps,uptime,statm", "--format", "csv"])
            {
                RedirectStandardOutput = true,
            };
            using Process trace = Process.Start(start)!;
            Assert.NotNull(await trace.StandardOutput.ReadLineAsync().WaitAsync(ExporterProcess.Deadline));
            Stopwatch moment = Stopwatch.StartNew();
            TimeSpan until = TimeSpan.FromMilliseconds(random.NextDouble() * 20);
            SpinWait.SpinUntil(() => moment.Elapsed >= until);

            // Every other death comes in the middle of a pause; a pause is short beside what lies between two.
            if (round / AtOnce % 2 == 1)
            {
                Assert.True(SpinWait.SpinUntil(() => State(target.Pid) == 'T', ExporterProcess.Deadline));
            }

            caught[lane] += State(target.Pid) == 'T' ? 1 : 0;
            trace.Kill();
            await trace.WaitForExitAsync();
            Stopwatch dead = Stopwatch.StartNew();
            Assert.True(SpinWait.SpinUntil(() => State(target.Pid) != 'T', ExporterProcess.Deadline), $"Round {round}: still stopped.");
            stopped.Add(dead.Elapsed.TotalMilliseconds);
        }

        // It lives, and it answers.
        await target.TellAsync("usage");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public async Task A_signal_ends_the_pause_and_the_guard_too(int signal)
    {
        using Workload target = await Workload.StartAsync("puppet");
        ProcessStartInfo start = new(
            Repository.Executable, ["trace", "--pid", $"{target.Pid}", "--pause", "--every", "1ms", "--measure", "smaps", "--format", "csv"])
        {
            RedirectStandardOutput = true,
        };
        using Process trace = Process.Start(start)!;
        Assert.NotNull(await trace.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, Kernel.Libc.Kill(trace.Id, signal));
        await trace.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await trace.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(ExporterProcess.Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(128 + signal, trace.ExitCode);
        Assert.NotEqual('T', State(target.Pid));
        await target.TellAsync("usage");
    }

    private static char State(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[stat.LastIndexOf(')') + 2];
    }
}
