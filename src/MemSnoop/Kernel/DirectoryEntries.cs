using System.Buffers.Binary;

namespace MemSnoop.Kernel;

/// <summary>
/// Entries of a directory as <c>getdents64(2)</c> returns them: with inode numbers, and names as bytes. The framework's enumeration has neither, and replaces what
/// is no UTF-8 in a name, which then leads nowhere.
/// </summary>
internal ref struct DirectoryEntries
{
    // struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name, which ends with a NUL.
    private const int LengthAt = 16;
    private const int TypeAt = 18;
    private const int NameAt = 19;
    private const byte Directory = 4;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Walks through what the system call has written.</summary>
    internal DirectoryEntries(ReadOnlySpan<byte> entries) => _rest = entries;

    /// <summary>The name of the current entry, without its NUL.</summary>
    internal ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The inode number of the current entry.</summary>
    internal ulong Inode { get; private set; }

    /// <summary>Whether the current entry is a directory; "." and ".." are.</summary>
    internal bool IsDirectory { get; private set; }

    /// <summary>
    /// Reads the next entries of an open directory. Call it until it returns none: the first call begins at the directory's start. False when it cannot be listed, or was
    /// removed.
    /// </summary>
    internal static bool TryRead(KernelHandle directory, Span<byte> buffer, out DirectoryEntries entries)
    {
        nint count = Libc.GetDirectoryEntries(Libc.GetDirectoryEntriesNumber, directory, buffer, buffer.Length);
        entries = new DirectoryEntries(buffer[..(int)Math.Max(count, 0)]);
        return count >= 0;
    }

    /// <summary>Whether there is no entry at all: the directory's end.</summary>
    internal readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>Goes to the next entry.</summary>
    internal bool MoveNext()
    {
        if (_rest.Length <= NameAt)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[LengthAt..]);
        if (length <= NameAt || length > _rest.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> name = _rest[NameAt..length];
        int end = name.IndexOf((byte)0);
        Name = end < 0 ? name : name[..end];
        Inode = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
        IsDirectory = _rest[TypeAt] == Directory;
        _rest = _rest[length..];
        return true;
    }
}
