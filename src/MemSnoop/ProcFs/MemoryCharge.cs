namespace MemSnoop.ProcFs;

/// <summary>What <c>memory.stat</c> of a control group says is charged to it and to all groups below: memory of processes and page cache, without the kernel's own.</summary>
/// <param name="Bytes">Private memory, files and shared memory, in bytes.</param>
/// <remarks>
/// Version 2 has them as <c>anon</c> and <c>file</c>, version 1 as <c>total_rss</c> and <c>total_cache</c>.
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html">Control Group v2</see> and <see href="https://docs.kernel.org/admin-guide/cgroup-v1/memory.html">Memory Resource Controller</see>.
/// </remarks>
internal readonly record struct MemoryCharge(ulong Bytes)
{
    /// <summary>Parses the text of the file. False when one of the two is missing or beyond 64 bits, or a line is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemoryCharge value)
    {
        ulong bytes = 0;
        int found = 0;
        FlatKeyed lines = new(text);
        while (lines.MoveNext())
        {
            ReadOnlySpan<byte> name = lines.Name;
            if (name.SequenceEqual("anon"u8) || name.SequenceEqual("file"u8) || name.SequenceEqual("total_rss"u8) || name.SequenceEqual("total_cache"u8))
            {
                // No host has as much memory as 64 bits can count.
                bytes = unchecked(bytes + (lines.Read() ?? 0));
                found++;
            }
        }

        bool isRead = found == 2 && !lines.IsMalformed;
        value = isRead ? new MemoryCharge(bytes) : default;
        return isRead;
    }
}
