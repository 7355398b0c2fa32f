namespace MemSnoop.Containers;

/// <summary>
/// What the name of one control group says by itself. A name is matched as a whole: one character more, or one digit less, and it is somebody else's.
/// </summary>
internal static class CgroupSegment
{
    private const int IdDigits = 64;
    private const int TaskDigits = 32;
    private const int UuidLength = 36;

    /// <summary>
    /// The id of a container in the name of its group: 64 hexadecimal digits, as they are (cgroupfs driver) or behind the runtime's prefix (systemd driver, as a scope; crun and
    /// podman without systemd). Monitors (<c>crio-conmon-ID.scope</c>) and mounts (<c>ID.mount</c>) do not match.
    /// </summary>
    /// <param name="name">The name of the group.</param>
    /// <param name="parent">The name of the group it is in; empty for the first.</param>
    /// <param name="id">The id, a part of the name.</param>
    /// <param name="runtime">The runtime that the prefix names, or empty.</param>
    internal static bool TryGetContainer(ReadOnlySpan<byte> name, ReadOnlySpan<byte> parent, out ReadOnlySpan<byte> id, out string runtime)
    {
        id = default;
        runtime = "";
        bool isScope = name.EndsWith(".scope"u8);
        ReadOnlySpan<byte> bare = isScope ? name[..^6] : name;
        if (bare.Length < IdDigits || !IsHexadecimal(bare[^IdDigits..]))
        {
            return !isScope && TryGetTask(name, parent, out id, out runtime);
        }

        ReadOnlySpan<byte> prefix = bare[..^IdDigits];
        if (prefix.IsEmpty)
        {
            // Steps of an image build have groups below "buildkit"; the groups below "libpod_parent" that have a bare id are podman's pods.
            if (parent.SequenceEqual("buildkit"u8) || parent.SequenceEqual("libpod_parent"u8))
            {
                return false;
            }

            runtime = parent.SequenceEqual("docker"u8) ? ContainerRuntimes.Docker : "";
        }
        else if (!ContainerRuntimes.TryGetByPrefix(prefix, out runtime))
        {
            return false;
        }

        id = bare[^IdDigits..];
        return true;
    }

    /// <summary>A container of an Amazon ECS task on Fargate: <c>/ecs/TASK/TASK-NUMBER</c>, where TASK has 32 hexadecimal digits. The whole name is the id.</summary>
    private static bool TryGetTask(ReadOnlySpan<byte> name, ReadOnlySpan<byte> task, out ReadOnlySpan<byte> id, out string runtime)
    {
        id = name;
        runtime = ContainerRuntimes.Ecs;
        return task.Length == TaskDigits && IsHexadecimal(task) && name.Length is > TaskDigits + 1 and <= TaskDigits + 11 && name.StartsWith(task)
            && name[TaskDigits] == (byte)'-' && !name[(TaskDigits + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    /// <summary>
    /// The uid of a pod in the name of its group: <c>podUID</c> (cgroupfs driver) or <c>kubepods-burstable-podUID.slice</c> (systemd driver, with _ for -). The uid is a
    /// UUID, or for a static pod the 32 hexadecimal digits of its configuration's hash.
    /// </summary>
    internal static bool TryGetPod(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> uid)
    {
        ReadOnlySpan<byte> bare = name.EndsWith(".slice"u8) ? name[..^6] : name;
        return TryGetPod(bare, UuidLength, out uid) || TryGetPod(bare, TaskDigits, out uid);
    }

    private static bool TryGetPod(ReadOnlySpan<byte> bare, int length, out ReadOnlySpan<byte> uid)
    {
        uid = default;
        if (bare.Length < length + 3 || !bare[..^length].EndsWith("pod"u8))
        {
            return false;
        }

        ReadOnlySpan<byte> before = bare[..^(length + 3)];
        uid = bare[^length..];
        return (before.IsEmpty || before[^1] == (byte)'-') && (length == UuidLength ? IsUuid(uid) : IsHexadecimal(uid));
    }

    /// <summary>8-4-4-4-12 hexadecimal digits, with one kind of separator.</summary>
    private static bool IsUuid(ReadOnlySpan<byte> text)
    {
        byte separator = text[8];
        return separator is (byte)'-' or (byte)'_' && text[13] == separator && text[18] == separator && text[23] == separator
            && IsHexadecimal(text[..8]) && IsHexadecimal(text[9..13]) && IsHexadecimal(text[14..18]) && IsHexadecimal(text[19..23]) && IsHexadecimal(text[24..]);
    }

    // Runtimes and the kubelet write lower case.
    private static bool IsHexadecimal(ReadOnlySpan<byte> text)
    {
        foreach (byte digit in text)
        {
            if (digit is not ((>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f')))
            {
                return false;
            }
        }

        return true;
    }
}
