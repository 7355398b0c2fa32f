using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace MemSnoop.ProcFs;

/// <summary>
/// The kernel's name of a process. The process chooses its bytes (<c>prctl(PR_SET_NAME)</c>), so it can contain blanks, parentheses, newlines and invalid
/// UTF-8. Two names are equal if their bytes are. Allocates nothing until <see cref="ToString"/>.
/// </summary>
/// <remarks>
/// User tasks have at most 15 bytes (<c>TASK_COMM_LEN</c> 16 with its NUL). Kernel workers append what they work on, for example
/// <c>kworker/u8:0-flush-254:0</c>, up to 63 bytes: <c>proc_task_name()</c> in fs/proc/array.c formats into 64.
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html">proc_pid_comm(5)</see>.
/// </remarks>
public readonly struct Comm : IEquatable<Comm>
{
    /// <summary>The longest name kept, in bytes.</summary>
    public const int MaxBytes = 64;

    private readonly Storage _storage;
    private readonly byte _length;

    /// <summary>Keeps the first <see cref="MaxBytes"/> bytes of <paramref name="name"/>: a shortened name is better than a lost process.</summary>
    public Comm(ReadOnlySpan<byte> name)
    {
        if (name.Length > MaxBytes)
        {
            name = name[..MaxBytes];
        }

        name.CopyTo(_storage);
        _length = (byte)name.Length;
    }

    /// <summary>The name's bytes, exactly as the kernel printed them.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_storage)[.._length];

    /// <summary>Whether both names have the same bytes.</summary>
    public static bool operator ==(Comm left, Comm right) => left.Equals(right);

    /// <summary>Whether the names differ in any byte.</summary>
    public static bool operator !=(Comm left, Comm right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Comm other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Comm other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = new();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>The name decoded as UTF-8, with U+FFFD for each sequence of bytes that is none. Allocates.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Bytes);

    [InlineArray(MaxBytes)]
    private struct Storage
    {
        private byte _first;
    }
}
