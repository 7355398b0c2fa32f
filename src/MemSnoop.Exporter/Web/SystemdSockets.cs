using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Web;

/// <summary>Sockets that a service manager has opened and hands over: <c>sd_listen_fds(3)</c>.</summary>
internal static class SystemdSockets
{
    private const string Option = "--web.systemd-socket";
    private const string Expected = "a start by a .socket unit of systemd";

    // After standard input, output and error.
    private const int First = 3;

    private static readonly string[] Variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

    /// <summary>Forks the command while the sockets are hidden from it. Afterwards they are as before, since a second start of this program takes them.</summary>
    internal static T HideFrom<T>(Func<T> fork)
    {
        string?[] values = [.. Variables.Select(Environment.GetEnvironmentVariable)];
        if (CountOf(values[0], values[1]) is not { } sockets)
        {
            return fork();
        }

        // The child has a copy of both: of the descriptors' flags, and of the environment as the C library has it.
        Set(sockets, Libc.DescriptorCloseOnExec);
        Array.ForEach(Variables, static variable => Libc.UnsetEnvironment(variable));
        try
        {
            return fork();
        }
        finally
        {
            Set(sockets, flags: 0);
            for (int i = 0; i < Variables.Length; i++)
            {
                if (values[i] is { } value)
                {
                    _ = Libc.SetEnvironment(Variables[i], value, overwrite: 1);
                }
            }
        }
    }

    /// <summary>Takes the sockets.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    internal static IEnumerable<ulong> Take()
    {
        int sockets = CountOf(Environment.GetEnvironmentVariable("LISTEN_PID"), Environment.GetEnvironmentVariable("LISTEN_FDS"))
            ?? throw new UsageException(Option, "there is no socket of a service manager (LISTEN_FDS)", Expected);
        if (Set(sockets, Libc.DescriptorCloseOnExec) is { } closed)
        {
            throw new UsageException(Option, string.Create(CultureInfo.InvariantCulture, $"descriptor {closed} of LISTEN_FDS is not open"), Expected);
        }

        return Enumerable.Range(First, sockets).Select(static descriptor => (ulong)descriptor);
    }

    /// <summary>How many sockets there are for this process; null if there are none.</summary>
    private static int? CountOf(string? process, string? count) =>
        process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
        && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int sockets) && sockets is >= 1 and <= 1024 ? sockets : null;

    /// <summary>Sets the flags of their descriptors; tells the first that is not open, null if all are.</summary>
    private static int? Set(int sockets, int flags)
    {
        int? closed = null;
        for (int descriptor = First; descriptor < First + sockets; descriptor++)
        {
            if (Libc.FileControl(descriptor, Libc.DescriptorSetFlags, flags) != 0)
            {
                closed ??= descriptor;
            }
        }

        return closed;
    }
}
