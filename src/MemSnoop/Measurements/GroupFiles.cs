using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>Reads files of control groups. For one thread at a time.</summary>
/// <remarks>
/// No file is kept open. A kept handle saves the walk to the file, but holds a page of the kernel's memory and a descriptor, for each of seven files of each container, and the
/// number of containers has no bound. The walk begins at the root of the hierarchy, which is kept.
/// </remarks>
internal sealed class GroupFiles(ControlGroups groups)
{
    /// <summary>Longer than any of these files, so that one read takes it as a whole.</summary>
    private readonly KernelBuffer _buffer = new(8192);

    private byte[] _path = new byte[512];

    /// <summary>Reads a file of a group.</summary>
    /// <param name="group">The path of the group, relative to the root: <c>./a/b</c>.</param>
    /// <param name="name">The name of the file.</param>
    /// <param name="parser">What makes a value of it.</param>
    /// <param name="value">The value; valid only on success.</param>
    internal ReadOutcome Read<T>(ReadOnlySpan<byte> group, ReadOnlySpan<byte> name, KernelParser<T> parser, out T value)
        where T : struct
    {
        value = default;
        int length = group.Length + 1 + name.Length;
        if (_path.Length <= length)
        {
            _path = new byte[length * 2];
        }

        group.CopyTo(_path);
        _path[group.Length] = (byte)'/';
        name.CopyTo(_path.AsSpan(group.Length + 1));
        _path[length] = 0;
        ReadOutcome outcome = KernelFile.ReadRecord(groups.Root, _path.AsSpan(0, length + 1), _buffer, out ReadOnlySpan<byte> text);
        return outcome != ReadOutcome.Success ? outcome : parser(text, out value) ? ReadOutcome.Success : ReadOutcome.Malformed;
    }
}
