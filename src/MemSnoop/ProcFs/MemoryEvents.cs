namespace MemSnoop.ProcFs;

/// <summary>
/// How often a control group and those below it ran into their bounds, from <c>memory.events</c>. What a kernel does not count is absent. Since the group was made; the counts
/// never fall.
/// </summary>
/// <param name="Low">Times memory was taken from it although it held less than is protected (<c>memory.low</c>).</param>
/// <param name="High">Times its processes were held up to reclaim since it was above <c>memory.high</c>.</param>
/// <param name="Max">Times it was about to go beyond its limit, and memory was reclaimed.</param>
/// <param name="Oom">Times that did not help, so that an allocation was about to fail.</param>
/// <param name="OomKill">Processes that were killed for it (since Linux 4.13).</param>
/// <remarks>
/// One <c>name value</c> a line. Version 1 has <see cref="OomControl"/> and <c>memory.failcnt</c> in its place.
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html">Control Group v2</see>.
/// </remarks>
internal readonly record struct MemoryEvents(ulong? Low, ulong? High, ulong? Max, ulong? Oom, ulong? OomKill)
{
    /// <summary>Parses the text of the file. False when it has none of these, or one is beyond 64 bits, or a line is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemoryEvents value)
    {
        MemoryEvents read = default;
        FlatKeyed lines = new(text);
        while (lines.MoveNext())
        {
            read = lines.Name switch
            {
                _ when lines.Name.SequenceEqual("low"u8) => read with { Low = lines.Read() },
                _ when lines.Name.SequenceEqual("high"u8) => read with { High = lines.Read() },
                _ when lines.Name.SequenceEqual("max"u8) => read with { Max = lines.Read() },
                _ when lines.Name.SequenceEqual("oom"u8) => read with { Oom = lines.Read() },
                _ when lines.Name.SequenceEqual("oom_kill"u8) => read with { OomKill = lines.Read() },
                _ => read,
            };
        }

        value = lines.IsMalformed ? default : read;
        return value != default;
    }
}
