using System.Globalization;
using System.Runtime.InteropServices;

namespace MemSnoop.Metrics.Configuration;

/// <summary>A user, written as a name or as a number; names are looked up where <c>id</c> and <c>ls</c> look them up.</summary>
/// <param name="Value">The number that <c>/proc/PID/status</c> shows as <c>Uid</c>.</param>
internal readonly partial record struct UserId(uint Value)
{
    private const int RangeError = 34;   // ERANGE: the caller's buffer is too small for this entry

    public static bool TryParse(string text, out UserId value)
    {
        value = default;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
        {
            value = new UserId(number);
            return number != uint.MaxValue;   // (uid_t)-1 means "no user" to every system call
        }

        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal) && TryLookUp(text, out value);
    }

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    // getpwnam_r(3) rather than /etc/passwd: a site's users often live in LDAP or sssd.
    private static bool TryLookUp(string name, out UserId value)
    {
        for (int size = 1024; size <= 1 << 20; size *= 4)
        {
            Span<byte> buffer = new byte[size];
            int error = GetPasswordEntry(name, out PasswordEntry entry, buffer, (nuint)size, out nint found);
            if (error != RangeError)
            {
                value = new UserId(entry.UserId);
                return error == 0 && found != 0;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The name of a user, as <c>ps -o user</c> looks it up; null if there is none.</summary>
    public static string? TryGetName(uint user)
    {
        for (int size = 1024; size <= 1 << 20; size *= 4)
        {
            // The entry points into it, so it must not move.
            byte[] buffer = GC.AllocateUninitializedArray<byte>(size, pinned: true);
            int error = GetPasswordEntry(user, out PasswordEntry entry, buffer, (nuint)size, out nint found);
            if (error != RangeError)
            {
                string? name = error == 0 && found != 0 ? Marshal.PtrToStringUTF8(entry.Name) : null;
                GC.KeepAlive(buffer);
                return name;
            }
        }

        return null;
    }

    /// <summary><c>struct passwd</c> of glibc and musl on 64-bit Linux: 48 bytes, of which only name and user id are read.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct PasswordEntry
    {
        public nint Name;
        public nint Password;
        public uint UserId;
    }

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetPasswordEntry(string name, out PasswordEntry entry, Span<byte> buffer, nuint size, out nint found);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetPasswordEntry(uint user, out PasswordEntry entry, Span<byte> buffer, nuint size, out nint found);
}
