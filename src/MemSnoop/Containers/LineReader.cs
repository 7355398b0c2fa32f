namespace MemSnoop.Containers;

/// <summary>Reads a stream line by line, as far as its lines have arrived. A last line without its newline is none.</summary>
internal sealed class LineReader(Stream stream)
{
    /// <summary>The largest object of an API server has 1.5 MB in its store, and is longer as JSON.</summary>
    internal const int LongestLine = 8 << 20;

    private byte[] _buffer = new byte[16 << 10];
    private int _from;
    private int _searched;
    private int _to;

    /// <summary>Waits for more; false at the end of the stream.</summary>
    /// <exception cref="AnswerTooLargeException">A line is longer than any may be.</exception>
    internal async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        if (_from > 0)
        {
            _buffer.AsSpan(_from.._to).CopyTo(_buffer);
            (_from, _searched, _to) = (0, _searched - _from, _to - _from);
        }

        if (_to == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length < LongestLine ? _buffer.Length * 2 : throw new AnswerTooLargeException(LongestLine));
        }

        int count = await stream.ReadAsync(_buffer.AsMemory(_to), cancellation).ConfigureAwait(false);
        _to += count;
        return count > 0;
    }

    /// <summary>Takes the next line, without its newline. It is valid until more is read.</summary>
    internal bool TryTake(out ReadOnlyMemory<byte> line)
    {
        line = default;
        int end = _buffer.AsSpan(_searched.._to).IndexOf((byte)'\n');
        if (end < 0)
        {
            _searched = _to;
            return false;
        }

        end += _searched;
        line = _buffer.AsMemory(_from, end - _from);
        _from = _searched = end + 1;
        return true;
    }
}
