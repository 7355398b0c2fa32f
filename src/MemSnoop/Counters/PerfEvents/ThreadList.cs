using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>The threads of one process (<c>/proc/PID/task</c>).</summary>
internal sealed class ThreadList(KernelPaths paths, int pid)
{
    private readonly string _directory = paths.Proc(string.Create(CultureInfo.InvariantCulture, $"{pid}/task"));
    private readonly KernelBuffer _buffer = new(1024);

    internal ReadOutcome Read(List<int> threads) => PidEnumerator.ReadThreads(_directory, threads);

    /// <summary>Whether the thread has ended, or is in no system call other than a waiting one. In the states R and D it may be in any call.</summary>
    internal bool IsAtRest(int thread) =>
        KernelFile.ReadToEnd(Path.Join(_directory, string.Create(CultureInfo.InvariantCulture, $"{thread}/stat")), _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success
        || !Stat.TryParse(text, out Stat stat)
        || stat.State is not ((byte)'R' or (byte)'D');
}
