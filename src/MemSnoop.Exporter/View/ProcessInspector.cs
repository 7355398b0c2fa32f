using MemSnoop.Kernel;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Exporter.View;

/// <summary>
/// Reads files of one process for whoever looks at it, on a thread that may be lost: a process that does not answer holds up nobody but those who look at it. What the passes and the
/// collections read is theirs alone.
/// </summary>
/// <param name="last">What is sampled.</param>
/// <param name="clock">The clock.</param>
internal sealed class ProcessInspector(LastSamples last, TimeProvider clock) : IDisposable
{
    /// <summary>How long areas are shown again, whoever asks.</summary>
    internal static readonly TimeSpan AreasShared = TimeSpan.FromSeconds(30);

    /// <summary>The shortest time between two readings of areas, of whatever process.</summary>
    internal static readonly TimeSpan BetweenAreas = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly WatchedThread _thread = new("memsnoop view", last.Host.Paths.Hung);
    private (ProcessIdentity Process, long At, AreasView Areas)? _areas;
    private long? _lastAreas;

    /// <summary>What a process has counted so far.</summary>
    internal NowView ReadTotals(TrackedProcess process)
    {
        TotalsReading reading = new(process);
        if (!TryRun(reading))
        {
            return new NowView { At = Now, Reason = "stopping" };
        }

        bool hasStat = reading.StatOutcome == ReadOutcome.Success;
        bool hasIo = reading.IoOutcome == ReadOutcome.Success;
        return new NowView
        {
            At = Now,
            MinorFaults = hasStat ? reading.Stat.MinorFaults : null,
            MajorFaults = hasStat ? reading.Stat.MajorFaults : null,
            CpuSeconds = hasStat ? last.Host.Units.Seconds(reading.Stat.UserTicks + reading.Stat.SystemTicks) : null,
            Threads = hasStat ? reading.Stat.Threads : null,
            ResidentBytes = hasStat ? reading.Stat.ResidentPages * last.Host.Units.PageBytes : null,
            ReadBytes = hasIo ? reading.Io.ReadBytes : null,
            WrittenBytes = hasIo ? reading.Io.WriteBytes : null,
            ReadCallBytes = hasIo ? reading.Io.ReadCharacters : null,
            WriteCallBytes = hasIo ? reading.Io.WriteCharacters : null,
            Reason = !hasStat ? reading.StatOutcome.ToReason() : !hasIo ? reading.IoOutcome.ToReason() : null,
        };
    }

    /// <summary>The memory of a process by area; null and why not.</summary>
    internal AreasView? ReadAreas(TrackedProcess process, out RefusedReading refusal)
    {
        refusal = default;
        lock (_gate)
        {
            if (_areas is { } kept && kept.Process == process.Identity && clock.GetElapsedTime(kept.At) < AreasShared)
            {
                return kept.Areas;
            }

            if (process.Stat.ResidentPages * last.Host.Units.PageBytes > (ulong)last.Host.Options.WorkingSet.ReferencedMaxResident)
            {
                refusal = new RefusedReading(ReadOutcome.TooLarge, IsBusy: false);
                return null;
            }

            if (_lastAreas is { } before && clock.GetElapsedTime(before) < BetweenAreas)
            {
                refusal = new RefusedReading(ReadOutcome.Success, IsBusy: true);
                return null;
            }

            AreaReading reading = new(process);
            bool hasRun = TryRun(reading);
            _lastAreas = clock.GetTimestamp();
            if (!hasRun || reading.Outcome != ReadOutcome.Success)
            {
                refusal = new RefusedReading(hasRun ? reading.Outcome : ReadOutcome.Failed, IsBusy: false);
                return null;
            }

            AreasView areas = reading.ToView(Now);
            _areas = (process.Identity, clock.GetTimestamp(), areas);
            return areas;
        }
    }

    private double Now => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private bool TryRun(IWatchedWork work)
    {
        try
        {
            _thread.Run(work);
            return true;
        }
        catch (OperationCanceledException)
        {
            // The exporter ends.
            return false;
        }
    }

    public void Dispose() => _thread.Dispose();

    private sealed class TotalsReading(TrackedProcess process) : IWatchedWork
    {
        private readonly KernelBuffer _buffer = new();
        private int _next;

        internal ReadOutcome StatOutcome { get; private set; }

        internal ReadOutcome IoOutcome { get; private set; }

        internal Stat Stat { get; private set; }

        internal ProcessIo Io { get; private set; }

        public void Do()
        {
            if (_next == 0)
            {
                StatOutcome = process.ReadOnce("stat"u8, _buffer, Stat.TryParse, out Stat stat);
                Stat = stat;
                _next = 1;
            }

            if (_next == 1)
            {
                IoOutcome = process.ReadOnce("io"u8, _buffer, ProcessIo.TryParse, out ProcessIo io);
                Io = io;
                _next = 2;
            }
        }

        public void Skip(int pid)
        {
            (StatOutcome, IoOutcome) = _next == 0 ? (ReadOutcome.Hung, ReadOutcome.Hung) : (StatOutcome, ReadOutcome.Hung);
            _next = 2;
        }
    }
}

/// <summary>Why something was not read.</summary>
/// <param name="Outcome">How reading ended, if it was tried.</param>
/// <param name="IsBusy">Whether it was not, since another was read just now.</param>
internal readonly record struct RefusedReading(ReadOutcome Outcome, bool IsBusy);
