using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>
/// Reads the generations of the multi-generational LRU from <c>lru_gen</c> or <c>lru_gen_full</c> in debugfs: one item a generation of a control group
/// on a node, in the file's order, the oldest first.
/// </summary>
/// <remarks>
/// <code>
/// memcg     1 /
///  node     0
///           0       9492          0          12
///           3       9492      51224           0
/// </code>
/// The columns of a generation are its number, its age in milliseconds, and its pages of anonymous memory and of files. The number of a group has 16 bits in
/// older kernels and 64 in newer ones. <c>lru_gen_full</c> puts an <c>x</c> behind the pages of a generation that is evicted already, and has lines on tiers
/// and page tables between. Lines of a form that is not known are left out, as is a last line without its newline.
/// See <see href="https://docs.kernel.org/admin-guide/mm/multigen_lru.html">Multi-Gen LRU</see> and <c>lru_gen_seq_show</c> in <c>mm/vmscan.c</c>.
/// </remarks>
internal ref struct LruGen(ReadOnlySpan<byte> text)
{
    private readonly int _length = text.Length;
    private Utf8Cursor _cursor = new(text);
    private bool _hasNode;

    /// <summary>Whether a line that names a control group has been read. A text that has none is of a form never seen.</summary>
    public bool HasGroups { get; private set; }

    /// <summary>The kernel's number of the memory control group, as printed.</summary>
    public ulong Group { get; private set; }

    /// <summary>Where the group's path begins in the text, in bytes.</summary>
    public int PathStart { get; private set; }

    /// <summary>The length of the group's path in bytes; 0 without memory control groups.</summary>
    public int PathLength { get; private set; }

    /// <summary>The node of memory.</summary>
    public int Node { get; private set; }

    /// <summary>The generation's number.</summary>
    public ulong Generation { get; private set; }

    /// <summary>How long ago the generation was opened, in milliseconds.</summary>
    public ulong AgeMilliseconds { get; private set; }

    /// <summary>Pages of anonymous and shared memory in this generation alone.</summary>
    public ulong Anon { get; private set; }

    /// <summary>Pages of files in this generation alone.</summary>
    public ulong File { get; private set; }

    /// <summary>Moves to the next generation; false at the end of the text.</summary>
    public bool MoveNext()
    {
        while (true)
        {
            int start = _length - _cursor.Rest.Length;
            if (!_cursor.TryReadLine(out ReadOnlySpan<byte> line))
            {
                return false;
            }

            Utf8Cursor fields = new(line);
            if (fields.TrySkip("memcg "u8))
            {
                ReadGroup(fields, start, line.Length);
            }
            else if (fields.TrySkip(" node "u8))
            {
                bool isRead = fields.TryReadUInt64(out ulong node) && node <= int.MaxValue && fields.IsAtEnd;
                _hasNode = isRead && HasGroups;
                Node = isRead ? (int)node : 0;
            }
            else if (_hasNode && TryReadGeneration(fields))
            {
                return true;
            }
        }
    }

    private void ReadGroup(Utf8Cursor fields, int start, int length)
    {
        // What follows a line that cannot be read belongs to nobody.
        _hasNode = false;
        if (!fields.TryReadField(out ulong group))
        {
            return;
        }

        HasGroups = true;
        Group = group;
        PathLength = fields.Rest.Length;
        PathStart = start + length - PathLength;
    }

    private bool TryReadGeneration(Utf8Cursor fields)
    {
        if (!fields.TryReadField(out ulong generation)
            || !fields.TryReadField(out ulong age)
            || !TryReadPages(ref fields, out ulong anon)
            || !TryReadPages(ref fields, out ulong file))
        {
            return false;
        }

        fields.SkipBlanks();
        (Generation, AgeMilliseconds, Anon, File) = (generation, age, anon, file);
        return fields.IsAtEnd;
    }

    private static bool TryReadPages(ref Utf8Cursor fields, out ulong pages)
    {
        if (!fields.TryReadUInt64(out pages))
        {
            return false;
        }

        fields.TrySkip((byte)'x');
        return fields.IsAtEnd || fields.Rest[0] == (byte)' ';
    }
}
