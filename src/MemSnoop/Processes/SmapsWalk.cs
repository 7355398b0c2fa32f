using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// Walks over <c>/proc/PID/smaps</c> area by area. The kernel walks the page tables for it, with the process's mmap lock held.
/// </summary>
/// <example>
/// <code>
/// SmapsWalk walk = new(handle, parser, buffer);
/// while (walk.MoveNext()) { Add(walk.Current); }
/// ReadOutcome outcome = walk.End();
/// </code>
/// </example>
internal ref struct SmapsWalk
{
    private readonly KernelHandle _handle;
    private readonly SmapsParser _parser;
    private readonly KernelBuffer _buffer;
    private KernelLines _lines;
    private bool _isOver;

    internal SmapsWalk(KernelHandle handle, SmapsParser parser, KernelBuffer buffer, bool measuresReads = false)
    {
        parser.Reset();
        _handle = handle;
        _parser = parser;
        _buffer = buffer;
        _lines = new KernelLines(handle, buffer) { MeasuresReads = measuresReads };
    }

    /// <summary>The area; valid until the next move.</summary>
    internal readonly SmapsArea Current => _parser.Area;

    /// <summary>The longest read so far, if they are measured.</summary>
    internal readonly CallTime LongestRead => _lines.LongestRead;

    internal bool MoveNext()
    {
        while (!_isOver && _lines.MoveNext())
        {
            if (_parser.Accept(_lines.Current))
            {
                return true;
            }
        }

        // The last area has no other after it that would end it.
        bool isLast = !_isOver && _parser.Complete();
        _isOver = true;
        return isLast;
    }

    /// <summary>After the last area: whether that was all, of one program.</summary>
    internal readonly ReadOutcome End() =>
        _lines.Outcome != ReadOutcome.Success ? _lines.Outcome
        : _parser.IsMalformed ? ReadOutcome.Malformed
        : AddressSpace.StillThere(_handle, _buffer);
}
