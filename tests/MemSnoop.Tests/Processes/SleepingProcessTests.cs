using System.Diagnostics;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.Processes;

/// <summary>What is kept of a process that sleeps must be what the kernel says of it, whatever it has done in between.</summary>
public sealed class SleepingProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly KernelBuffer _buffer = new();
    private readonly HandleBudget _budget = new(100);
    private readonly Process _cat = Process.Start(new ProcessStartInfo("/bin/cat")
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private readonly TrackedProcess _tracked;

    public SleepingProcessTests()
    {
        WaitUntilAsleep();
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), _budget, _cat.Id, out TrackedProcess? tracked));
        _tracked = tracked!;
    }

    [Fact]
    public void All_work_shows_at_the_next_look()
    {
        byte[] echoed = new byte[64];
        Random random = new(7);
        for (int i = 0; i < 200; i++)
        {
            bool works = random.Next(3) > 0;
            if (works)
            {
                int length = random.Next(1, echoed.Length);
                _cat.StandardInput.BaseStream.Write(echoed, 0, length);
                _cat.StandardInput.BaseStream.Flush();
                _cat.StandardOutput.BaseStream.ReadExactly(echoed, 0, length);
                WaitUntilAsleep();
            }

            Assert.Equal(ReadOutcome.Success, _tracked.Look(_buffer, out _));
            Assert.Equal(ReadOutcome.Success, _tracked.ReadIo(_buffer, out ProcessIo io));
            Assert.Equal(ReadOutcome.Success, _tracked.ReadStatus(_buffer, out Status status));

            Assert.True(ProcessIo.TryParse(Text("io"), out ProcessIo ioNow));
            Assert.True(Status.TryParse(Text("status"), out Status statusNow));
            Assert.True(Stat.TryParse(Text("stat"), out Stat statNow));
            Assert.Equal(ioNow, io);
            Assert.Equal(statusNow, status);
            Assert.Equal(statNow with { ResidentPages = 0 }, _tracked.Stat with { ResidentPages = 0 });
        }
    }

    [Fact]
    public void Without_a_look_every_reading_is_new()
    {
        byte[] echoed = new byte[10];
        Assert.Equal(ReadOutcome.Success, _tracked.Look(_buffer, out _));
        Assert.Equal(ReadOutcome.Success, _tracked.ReadIo(_buffer, out ProcessIo first));
        _cat.StandardInput.BaseStream.Write(echoed);
        _cat.StandardInput.BaseStream.Flush();
        _cat.StandardOutput.BaseStream.ReadExactly(echoed);
        WaitUntilAsleep();
        Assert.Equal(ReadOutcome.Success, _tracked.ReadIo(_buffer, out ProcessIo second));
        Assert.Equal(first.ReadCharacters + 10, second.ReadCharacters);
    }

    [Fact]
    public void An_exit_shows_at_the_next_look()
    {
        Assert.Equal(ReadOutcome.Success, _tracked.Look(_buffer, out _));
        Assert.Equal(ReadOutcome.Success, _tracked.Look(_buffer, out _));
        _cat.Kill();
        _cat.WaitForExit();
        Assert.Equal(ReadOutcome.ProcessGone, _tracked.Look(_buffer, out _));
    }

    [Fact]
    public void While_it_sleeps_three_handles_are_kept_and_all_again_once_it_has_run()
    {
        Look();
        Assert.Equal(TrackedProcess.MostHandles, _budget.Used);
        for (int i = 0; i < TrackedProcess.LooksUntilAsleep; i++)
        {
            Look();
        }

        Assert.Equal(3, _budget.Used);   // its directory, schedstat and statm
        byte[] echoed = new byte[10];
        _cat.StandardInput.BaseStream.Write(echoed);
        _cat.StandardInput.BaseStream.Flush();
        _cat.StandardOutput.BaseStream.ReadExactly(echoed);
        WaitUntilAsleep();
        ProcessIo io = Look();
        Assert.Equal(TrackedProcess.MostHandles, _budget.Used);
        Assert.True(ProcessIo.TryParse(Text("io"), out ProcessIo now));
        Assert.Equal(now, io);
    }

    [Fact]
    public void Where_handles_are_scarce_every_sleeper_is_found_all_the_same()
    {
        const int Count = 8;
        HandleBudget scarce = new((3 * Count) + 2);
        TrackedProcess[] processes = [.. Enumerable.Range(0, Count).Select(_ =>
        {
            Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), scarce, _cat.Id, out TrackedProcess? tracked));
            return tracked!;
        })];

        // Measurements read a process that was just found before the table looks at it again.
        Array.ForEach(processes, process => ReadAll(process));

        // Those who got handles fall asleep and give theirs to the others, a few at a time.
        for (int i = 0; i < Count * (TrackedProcess.LooksUntilAsleep + 1); i++)
        {
            foreach (TrackedProcess process in processes)
            {
                Assert.Equal(ReadOutcome.Success, process.Look(_buffer, out _));
                ReadAll(process);
            }
        }

        Assert.Equal(3 * Count, scarce.Used);   // its directory, schedstat and statm of each
        Array.ForEach(processes, static process => process.Dispose());
        Assert.Equal(0, scarce.Used);
    }

    /// <summary>A look with all readings, as a collection makes them.</summary>
    private ProcessIo Look()
    {
        Assert.Equal(ReadOutcome.Success, _tracked.Look(_buffer, out _));
        return ReadAll(_tracked);
    }

    private ProcessIo ReadAll(TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, process.ReadStatm(_buffer, out _));
        Assert.Equal(ReadOutcome.Success, process.ReadIo(_buffer, out ProcessIo io));
        Assert.Equal(ReadOutcome.Success, process.ReadStatus(_buffer, out _));
        return io;
    }

    private byte[] Text(string file) => File.ReadAllBytes($"/proc/{_cat.Id}/{file}");

    /// <summary>Until it waits in its read. From the write that wakes it on, its state is R.</summary>
    private void WaitUntilAsleep()
    {
        long started = Stopwatch.GetTimestamp();
        while (!Encoding.ASCII.GetString(Text("stat")).Contains("(cat) S", StringComparison.Ordinal))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience);
            Thread.Yield();
        }
    }

    public void Dispose()
    {
        _tracked.Dispose();
        _cat.Kill();
        _cat.Dispose();
    }
}
