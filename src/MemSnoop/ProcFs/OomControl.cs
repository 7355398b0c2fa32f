namespace MemSnoop.ProcFs;

/// <summary>What <c>memory.oom_control</c> of a control group (version 1) counts: processes that were killed since the group was at its limit.</summary>
/// <param name="OomKill">The processes, of the group itself and not of those below it; null before Linux 4.13.</param>
/// <remarks>
/// One <c>name value</c> a line:
/// <code>
/// oom_kill_disable 0
/// under_oom 0
/// oom_kill 2
/// </code>
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v1/memory.html">Memory Resource Controller</see>.
/// </remarks>
internal readonly record struct OomControl(ulong? OomKill)
{
    /// <summary>Parses the text of the file. False when it has no line that it should have, or one is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out OomControl value)
    {
        ulong? kills = null;
        bool isFound = false;
        FlatKeyed lines = new(text);
        while (lines.MoveNext())
        {
            if (lines.Name.SequenceEqual("oom_kill"u8))
            {
                kills = lines.Read();
            }

            isFound |= lines.Name.SequenceEqual("oom_kill_disable"u8);
        }

        bool isWhole = isFound && !lines.IsMalformed;
        value = isWhole ? new OomControl(kills) : default;
        return isWhole;
    }
}
