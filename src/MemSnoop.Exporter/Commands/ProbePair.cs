using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>Two processes to try readings on: this one, and the first that belongs to another user.</summary>
internal sealed class ProbePair : IDisposable
{
    internal ProbePair(KernelPaths paths)
    {
        HandleBudget budget = new(2 * TrackedProcess.MostHandles);
        TrackedProcess.TryTrack(paths, budget, Environment.ProcessId, out TrackedProcess? own);
        Own = own;
        Foreign = FindForeign(paths, budget);
    }

    internal TrackedProcess? Own { get; }

    internal TrackedProcess? Foreign { get; }

    private static TrackedProcess? FindForeign(KernelPaths paths, HandleBudget budget)
    {
        KernelBuffer buffer = new();
        uint self = Libc.EffectiveUserId();
        foreach (int pid in PidEnumerator.Enumerate(paths.ProcRoot))
        {
            if (TrackedProcess.TryTrack(paths, budget, pid, out TrackedProcess? process) != ReadOutcome.Success)
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
        Own?.Dispose();
        Foreign?.Dispose();
    }
}
