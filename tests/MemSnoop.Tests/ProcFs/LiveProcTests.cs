using System.Globalization;
using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

/// <summary>
/// The parsers on what this machine's kernel prints for every process now. A process may exit, or be another user's, between any two
/// reads: such a file is passed over, but the test's own process must be read whole.
/// </summary>
public class LiveProcTests
{
    private static readonly string Own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public void Every_stat_is_read_and_agrees_with_comm()
    {
        int count = ForEachProcess("stat", static (pid, text) =>
        {
            Assert.True(Stat.TryParse(text, out Stat stat), Encoding.UTF8.GetString(text));
            Assert.Equal(pid, stat.Pid.ToString(CultureInfo.InvariantCulture));
            Assert.True(stat.Threads >= 1 || stat.IsZombie);
            Assert.True(stat.ResidentPages == 0 || !stat.IsKernelThread);
            Assert.False(stat.Comm.Bytes.IsEmpty);
        });
        Assert.True(count >= 1);

        Assert.True(Stat.TryParse(File.ReadAllBytes("/proc/self/stat"), out Stat own));
        Assert.Equal(Environment.ProcessId, own.Pid);
        Assert.True(own.Comm.Bytes.SequenceEqual(File.ReadAllBytes($"/proc/{Own}/comm").AsSpan()[..^1]));
        Assert.InRange(own.ResidentPages, 1ul, own.VirtualBytes / (ulong)Environment.SystemPageSize);
        Assert.False(own.IsZombie || own.IsKernelThread);
    }

    [Fact]
    public void Every_statm_is_read() => ForEachProcess("statm", static (pid, text) =>
    {
        Assert.True(Statm.TryParse(text, out Statm statm), Encoding.UTF8.GetString(text));
        Assert.True(statm.ResidentPages <= statm.TotalPages);
        Assert.True(pid != Own || statm.TextPages > 0);
    });

    [Fact]
    public void Every_status_is_read() => ForEachProcess("status", static (_, text) =>
    {
        Assert.True(Status.TryParse(text, out Status status), Encoding.UTF8.GetString(text));
        Assert.True(status.HasContextSwitches);
    });

    [Fact]
    public void Every_io_is_read() => ForEachProcess("io", static (pid, text) =>
    {
        Assert.True(ProcessIo.TryParse(text, out ProcessIo io), Encoding.UTF8.GetString(text));
        Assert.True(pid != Own || io.ReadSyscalls > 0);
    });

    [Fact]
    public void Every_cgroup_is_read() => ForEachProcess("cgroup", static (_, text) =>
    {
        Assert.True(Cgroup.TryParse(text, out Cgroup cgroup), Encoding.UTF8.GetString(text));
        Assert.Equal((byte)'/', cgroup.Path[0]);
    });

    [Fact]
    public void Every_cmdline_is_read() => ForEachProcess("cmdline", static (_, text) =>
        Assert.DoesNotContain('\0', CommandLine.ToDisplay(text)));

    [Fact]
    public void Every_area_is_read() => ForEachProcess("maps", static (_, text) =>
    {
        foreach (string line in Encoding.Latin1.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(MapsEntry.TryParse(Encoding.Latin1.GetBytes(line), out MapsEntry entry), line);
            Assert.True(entry.End > entry.Start);
        }
    });

    [Fact]
    public void Every_smaps_is_read() => ForEachProcess("smaps", static (pid, text) =>
    {
        SmapsParser parser = new();
        ulong residentKib = 0;
        foreach (string line in Encoding.Latin1.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (parser.Accept(Encoding.Latin1.GetBytes(line)))
            {
                residentKib += parser.Area.Sums.RssKib;
            }
        }

        Assert.Equal(text.Length > 0, parser.Complete());
        Assert.False(parser.IsMalformed);
        Assert.True(pid != Own || residentKib > 1024);
    });

    [Fact]
    public void Every_rollup_is_read() => ForEachProcess("smaps_rollup", static (pid, text) =>
    {
        if (text.Length == 0)
        {
            return;
        }

        Assert.True(SmapsRollup.TryParse(text, out SmapsSums sums), Encoding.UTF8.GetString(text));
        Assert.True(pid != Own || (sums.RssKib > 1024 && sums.PssKib <= sums.RssKib));
    });

    [Fact]
    public void The_machines_own_files_are_read()
    {
        Assert.True(Uptime.TryParse(File.ReadAllBytes("/proc/uptime"), out Uptime uptime));
        Assert.True(uptime.UptimeSeconds > 0);
        Assert.True(SystemStat.TryParse(File.ReadAllBytes("/proc/stat"), out SystemStat stat));
        Assert.True(stat.BootTimeSeconds > 0);
        foreach (string line in File.ReadAllLines("/proc/diskstats"))
        {
            Assert.True(DiskStats.TryParse(Encoding.UTF8.GetBytes(line), out DiskStats disk), line);
            Assert.False(disk.Name.IsEmpty);
        }
    }

    private static int ForEachProcess(string file, Action<string, byte[]> check)
    {
        int count = 0;
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            string pid = Path.GetFileName(folder);
            if (char.IsAsciiDigit(pid[0]) && TryCheck(pid, Path.Combine(folder, file), check))
            {
                count++;
            }
        }

        return count;
    }

    // A long file of a process that exits or execs while it is read ends early, so what fails on another process is read again: an exited
    // one is then gone, and a parser that is wrong fails again.
    private static bool TryCheck(string pid, string path, Action<string, byte[]> check)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                check(pid, File.ReadAllBytes(path));
                return true;
            }
            catch (Exception error) when (pid != Own && (error is IOException or UnauthorizedAccessException))
            {
                return false;
            }
            catch (Xunit.Sdk.XunitException) when (pid != Own && attempt < 5)
            {
            }
        }
    }
}
