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

    /// <summary><c>struct passwd</c> of glibc and musl on 64-bit Linux: 48 bytes, of which only the user id is read.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct PasswordEntry
    {
        public nint Name;
        public nint Password;
        public uint UserId;
    }

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetPasswordEntry(string name, out PasswordEntry entry, Span<byte> buffer, nuint size, out nint found);
}
