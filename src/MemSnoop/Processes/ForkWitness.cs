using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>Tells, for a read of one short file, whether there can be processes that were not there the last time it was asked.</summary>
internal sealed class ForkWitness(KernelPaths paths)
{
    // The file tells of the reader's pid namespace, whichever proc it is read from. From another one, nothing is known.
    private readonly bool _isOwnNamespace = PidNamespace.IsOwn(paths);
    private readonly KernelBuffer _buffer = new(256);
    private int _last = -1;

    /// <summary>False only if no process and no thread has begun since the last call.</summary>
    internal bool MayHaveForked()
    {
        if (!_isOwnNamespace || KernelFile.Open(paths.Proc("loadavg"), out KernelHandle handle) != ReadOutcome.Success)
        {
            return true;
        }

        using (handle)
        {
            if (KernelFile.ReadRecord(handle, _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !LoadAverage.TryParse(text, out LoadAverage now))
            {
                return true;
            }

            bool isSame = now.LastPid == _last;
            _last = now.LastPid;
            return !isSame;
        }
    }
}
