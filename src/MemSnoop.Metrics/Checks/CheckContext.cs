using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Checks;

/// <summary>The host, and two processes to try readings on: this one, and the first that belongs to another user.</summary>
internal sealed class CheckContext : IDisposable
{
    private readonly TrackedProcess? _own;
    private readonly TrackedProcess? _foreign;

    internal CheckContext(MeasuredHost host)
    {
        Host = host;
        TrackedProcess.TryTrack(host.Paths, host.Budget, Environment.ProcessId, out _own);
        _foreign = FindForeign(host);
    }

    internal MeasuredHost Host { get; }

    /// <summary>Reads this process, which must work, and one of another user, which may not.</summary>
    internal HostFinding Try<TSample>(IMeasurement<TSample> measurement, string works)
    {
        ReadOutcome own = _own is null ? ReadOutcome.ProcessGone : measurement.Measure(_own, out _);
        ReadOutcome foreign = _foreign is null ? own : measurement.Measure(_foreign, out _);
        return Find(measurement.Name, own, foreign, works);
    }

    /// <summary>What the ends of two readings mean.</summary>
    /// <param name="topic">The measurement.</param>
    /// <param name="own">The reading that must work.</param>
    /// <param name="foreign">The reading that may be denied.</param>
    /// <param name="works">What to say when both worked.</param>
    internal HostFinding Find(string topic, ReadOutcome own, ReadOutcome foreign, string works) =>
        own != ReadOutcome.Success ? new HostFinding(
            HostFinding.Missing, topic, own.ToReason(), $"cannot be read ({own.ToReason()})",
            own == ReadOutcome.Denied ? "run as root" : $"mount the host's proc file system at {Host.Paths.ProcRoot}, or pass it with --procfs")
        : foreign == ReadOutcome.Denied ? new HostFinding(HostFinding.Limited, topic, "denied", $"{works} for processes of this user only", "run as root")
        : HostFinding.Fine(topic, works);

    private static TrackedProcess? FindForeign(MeasuredHost host)
    {
        KernelBuffer buffer = new();
        uint self = Libc.EffectiveUserId();
        foreach (int pid in PidEnumerator.Enumerate(host.Paths.ProcRoot))
        {
            if (TrackedProcess.TryTrack(host.Paths, host.Budget, pid, out TrackedProcess? process) != ReadOutcome.Success)
            {
                continue;
            }

            if (!process!.Stat.IsKernelThread && process.ReadStatus(buffer, out ProcFs.Status status) == ReadOutcome.Success && status.RealUserId != self)
            {
                return process;
            }

            process.Dispose();
        }

        return null;
    }

    public void Dispose()
    {
        _own?.Dispose();
        _foreign?.Dispose();
    }
}
