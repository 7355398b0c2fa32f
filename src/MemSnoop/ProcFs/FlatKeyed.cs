using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>
/// Steps through the lines of a file of a control group that has a name and a number in each: <c>memory.stat</c>, <c>memory.events</c>, <c>memory.oom_control</c>. Which names
/// there are depends on the kernel, so that those that nobody asks for are not looked at.
/// </summary>
/// <remarks>
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html#format">Control Group v2, "Format": flat keyed</see>.
/// </remarks>
internal ref struct FlatKeyed(ReadOnlySpan<byte> text)
{
    private Utf8Cursor _cursor = new(text);
    private ReadOnlySpan<byte> _number;

    /// <summary>The name in the current line; empty if the line has no number.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Whether a line was cut short, or a number that was asked for is none of 64 bits. Then nothing of the text counts.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next line.</summary>
    public bool MoveNext()
    {
        Name = default;
        if (_cursor.IsAtEnd || IsMalformed)
        {
            return false;
        }

        if (!_cursor.TryReadLine(out ReadOnlySpan<byte> line))
        {
            IsMalformed = true;
            return false;
        }

        int blank = line.IndexOf((byte)' ');
        if (blank > 0)
        {
            Name = line[..blank];
            _number = line[(blank + 1)..];
        }

        return true;
    }

    /// <summary>The number in the current line; null if it is none.</summary>
    public ulong? Read()
    {
        Utf8Cursor cursor = new(_number);
        if (cursor.TryReadUInt64(out ulong value) && cursor.IsAtEnd)
        {
            return value;
        }

        IsMalformed = true;
        return null;
    }
}
