using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>
/// The one number in a file of a control group: in version 2 <c>memory.current</c>, <c>memory.max</c>, <c>memory.high</c>, <c>memory.swap.current</c>, in version 1
/// <c>memory.usage_in_bytes</c>, <c>memory.kmem.usage_in_bytes</c>, <c>memory.failcnt</c>.
/// </summary>
/// <param name="Number">The number; null for <c>max</c>, which is no limit.</param>
/// <remarks>
/// One number, <c>315621376</c>, or <c>max</c>.
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html">Control Group v2</see>.
/// </remarks>
internal readonly record struct CgroupValue(ulong? Number)
{
    /// <summary>Parses the text of the file. False when it is neither, is beyond 64 bits, or may have been cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out CgroupValue value)
    {
        value = default;
        if (text.SequenceEqual("max\n"u8))
        {
            return true;
        }

        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadField(out ulong number) || !cursor.IsAtEnd)
        {
            return false;
        }

        value = new CgroupValue(number);
        return true;
    }
}
