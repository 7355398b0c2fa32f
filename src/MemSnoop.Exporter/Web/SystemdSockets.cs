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

    /// <summary>Takes the sockets. A command that this program starts does not get them.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    internal static IEnumerable<ulong> Take()
    {
        string? process = Environment.GetEnvironmentVariable("LISTEN_PID");
        string? count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        foreach (string variable in (string[])["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        if (process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int sockets) || sockets is < 1 or > 1024)
        {
            throw new UsageException(Option, "there is no socket of a service manager (LISTEN_FDS)", Expected);
        }

        for (int i = 0; i < sockets; i++)
        {
            if (Libc.FileControl(First + i, Libc.DescriptorSetFlags, Libc.DescriptorCloseOnExec) != 0)
            {
                throw new UsageException(Option, string.Create(CultureInfo.InvariantCulture, $"descriptor {First + i} of LISTEN_FDS is not open"), Expected);
            }
        }

        return Enumerable.Range(First, sockets).Select(static descriptor => (ulong)descriptor);
    }
}
