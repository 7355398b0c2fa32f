namespace MemSnoop.Kernel;

/// <summary>
/// Streams a kernel file line by line through a reused buffer: maps and smaps of a process with 100,000 areas reach
/// tens of megabytes, and only one line is needed at a time.
/// </summary>
internal ref struct KernelLines
{
    private readonly KernelHandle _handle;
    private readonly KernelBuffer _buffer;
    private long _offset;
    private int _start;
    private int _end;
    private bool _ended;

    internal KernelLines(KernelHandle handle, KernelBuffer buffer)
    {
        _handle = handle;
        _buffer = buffer;
    }

    /// <summary>The current line without its line feed; valid until the next move.</summary>
    internal ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Why the last move ended the enumeration.</summary>
    internal ReadOutcome Outcome { get; private set; }

    /// <summary>Whether the time of each read is measured.</summary>
    internal bool MeasuresReads { get; init; }

    /// <summary>The longest read so far, if they are measured.</summary>
    internal CallTime LongestRead { get; private set; }

    internal bool MoveNext()
    {
        while (true)
        {
            ReadOnlySpan<byte> rest = _buffer.Text(_end)[_start..];
            int lineFeed = rest.IndexOf((byte)'\n');
            if (lineFeed >= 0)
            {
                Current = rest[..lineFeed];
                _start += lineFeed + 1;
                return true;
            }

            if (_ended)
            {
                // A last line without a line feed is one the kernel did not finish; no kernel file ends like that.
                if (!rest.IsEmpty && Outcome == ReadOutcome.Success)
                {
                    Outcome = ReadOutcome.Malformed;
                }

                return false;
            }

            Fill();
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.KeepTail(_start, _end);
            _end -= _start;
            _start = 0;
        }

        CallTime.Beginning beginning = MeasuresReads ? CallTime.Begin() : default;
        Outcome = KernelFile.Read(_handle, _buffer.Free(_end), _offset, out int count);
        if (MeasuresReads)
        {
            LongestRead = CallTime.Longer(LongestRead, beginning.End());
        }

        _ended = count == 0;
        _offset += count;
        _end += count;
    }
}
