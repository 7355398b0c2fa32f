using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>Counts of one or several threads.</summary>
internal readonly record struct ThreadCounts(ulong VoluntarySwitches, ulong InvoluntarySwitches, ulong BlockIoDelayTicks)
{
    public static ThreadCounts operator +(ThreadCounts left, ThreadCounts right) => new(
        left.VoluntarySwitches + right.VoluntarySwitches,
        left.InvoluntarySwitches + right.InvoluntarySwitches,
        left.BlockIoDelayTicks + right.BlockIoDelayTicks);
}

/// <summary>The counts of a process's threads, including ended ones.</summary>
internal sealed class ThreadTotals
{
    private readonly Dictionary<int, Entry> _threads = [];
    private readonly List<int> _listed = [];
    private ThreadCounts _retired;
    private long _scan;

    /// <summary>The round of the measurement in which the process was last measured.</summary>
    internal long Round { get; set; }

    internal ReadOutcome Refresh(ProcessDirectory directory, KernelPaths paths, int pid, KernelBuffer buffer, bool withDelays)
    {
        _scan++;
        ReadOutcome outcome = PidEnumerator.ReadThreads(paths.Proc(string.Create(CultureInfo.InvariantCulture, $"{pid}/task")), _listed);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        ReadOutcome result = ReadOutcome.ProcessGone;
        foreach (int thread in _listed)
        {
            outcome = ReadThread(directory, thread, buffer, withDelays);
            result = outcome == ReadOutcome.ProcessGone ? result : outcome;
            if (result is not (ReadOutcome.Success or ReadOutcome.ProcessGone))
            {
                return result;
            }
        }

        if (result == ReadOutcome.Success)
        {
            RetireEnded();
        }

        return result;
    }

    internal ThreadCounts Sum()
    {
        ThreadCounts sum = _retired;
        foreach (Entry entry in _threads.Values)
        {
            sum += entry.Counts;
        }

        return sum;
    }

    private ReadOutcome ReadThread(ProcessDirectory directory, int thread, KernelBuffer buffer, bool withDelays)
    {
        Span<byte> path = stackalloc byte[32];
        ReadOutcome outcome = ReadFile(directory, TaskPath(path, thread, "/status"u8), buffer, Status.TryParse, out Status status);
        Stat stat = default;
        if (outcome == ReadOutcome.Success && withDelays)
        {
            outcome = ReadFile(directory, TaskPath(path, thread, "/stat"u8), buffer, Stat.TryParse, out stat);
        }

        if (outcome == ReadOutcome.Success && !status.HasContextSwitches)
        {
            return ReadOutcome.NotSupported;
        }

        if (outcome == ReadOutcome.Success)
        {
            Take(thread, new ThreadCounts(status.VoluntaryContextSwitches, status.InvoluntaryContextSwitches, stat.BlockIoDelayTicks));
        }

        return outcome;
    }

    /// <summary>A file that is not there belonged to a thread that has ended since it was listed.</summary>
    private static ReadOutcome ReadFile<T>(ProcessDirectory directory, ReadOnlySpan<byte> path, KernelBuffer buffer, KernelParser<T> parser, out T value)
        where T : struct
    {
        ReadOutcome outcome = directory.Read(path, buffer, parser, out value);
        return outcome == ReadOutcome.NotSupported ? ReadOutcome.ProcessGone : outcome;
    }

    /// <summary><c>task/TID/file</c>, ended by a NUL for open(2).</summary>
    private static ReadOnlySpan<byte> TaskPath(Span<byte> path, int thread, ReadOnlySpan<byte> file)
    {
        "task/"u8.CopyTo(path);
        Utf8Formatter.TryFormat(thread, path[5..], out int digits);
        file.CopyTo(path[(5 + digits)..]);
        path[5 + digits + file.Length] = 0;
        return path;
    }

    private void Take(int thread, ThreadCounts counts)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_threads, thread, out bool known);

        // If any count of a thread id has fallen, the id belongs to a new thread.
        if (known && (counts.VoluntarySwitches < entry.Counts.VoluntarySwitches
            || counts.InvoluntarySwitches < entry.Counts.InvoluntarySwitches
            || counts.BlockIoDelayTicks < entry.Counts.BlockIoDelayTicks))
        {
            _retired += entry.Counts;
        }

        entry = new Entry(counts, _scan);
    }

    private void RetireEnded()
    {
        foreach ((int thread, Entry entry) in _threads)
        {
            if (entry.Scan != _scan)
            {
                _threads.Remove(thread);
                _retired += entry.Counts;
            }
        }
    }

    private readonly record struct Entry(ThreadCounts Counts, long Scan);
}
