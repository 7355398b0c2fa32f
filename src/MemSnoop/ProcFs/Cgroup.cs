using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>The control group of a process by <c>/proc/PID/cgroup</c>: in the unified hierarchy (v2), in the memory controller's (v1), or both.</summary>
/// <remarks>
/// One <c>id:controllers:path</c> a line; the unified hierarchy has id 0 and no controllers. A hybrid host has lines of both kinds:
/// <code>
/// 4:memory:/docker/0123456789ab
/// 2:cpu,cpuacct:/docker/0123456789ab
/// 0::/system.slice/docker.service
/// </code>
/// Paths are relative to the reader's cgroup namespace, may contain colons, and end in <c> (deleted)</c> once a v2 group is removed. They
/// cannot contain a newline: the kernel refuses to make such a group, to keep this file readable.
/// See <see href="https://man7.org/linux/man-pages/man7/cgroups.7.html">cgroups(7)</see>.
/// </remarks>
public readonly ref struct Cgroup
{
    /// <summary>The path in the unified hierarchy; empty when the host has none mounted.</summary>
    public ReadOnlySpan<byte> UnifiedPath { get; private init; }

    /// <summary>The path in the v1 hierarchy that has the memory controller; empty where v2 has it.</summary>
    public ReadOnlySpan<byte> MemoryPath { get; private init; }

    /// <summary>
    /// The path that identifies the workload: the unified one, unless it is missing, or is the root and there is a v1 memory controller. A
    /// hybrid host may mount the unified hierarchy and leave every process in its root.
    /// </summary>
    public ReadOnlySpan<byte> Path
    {
        get
        {
            bool isUnifiedIdle = UnifiedPath.IsEmpty || UnifiedPath.SequenceEqual("/"u8);
            return isUnifiedIdle && !MemoryPath.IsEmpty ? MemoryPath : UnifiedPath;
        }
    }

    /// <summary>
    /// Parses the text of the file; the paths are parts of it. False when it has neither a unified nor a memory line. A last line without
    /// its newline does not count: it may have been cut short.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Cgroup value)
    {
        ReadOnlySpan<byte> unified = default;
        ReadOnlySpan<byte> memory = default;
        Utf8Cursor cursor = new(text);
        while (cursor.TryReadLine(out ReadOnlySpan<byte> line))
        {
            Utf8Cursor fields = new(line);
            if (!fields.TryReadUntil((byte)':', out ReadOnlySpan<byte> id) || !fields.TryReadUntil((byte)':', out ReadOnlySpan<byte> controllers))
            {
                continue;
            }

            if (controllers.IsEmpty && id.SequenceEqual("0"u8))
            {
                unified = fields.Rest;
            }
            else if (HasMemory(controllers))
            {
                memory = fields.Rest;
            }
        }

        value = new Cgroup { UnifiedPath = unified, MemoryPath = memory };
        return !(unified.IsEmpty && memory.IsEmpty);
    }

    // A name such as "name=memory" is a hierarchy without controllers, so the list is compared item by item.
    private static bool HasMemory(ReadOnlySpan<byte> controllers)
    {
        foreach (Range item in controllers.Split((byte)','))
        {
            if (controllers[item].SequenceEqual("memory"u8))
            {
                return true;
            }
        }

        return false;
    }
}
