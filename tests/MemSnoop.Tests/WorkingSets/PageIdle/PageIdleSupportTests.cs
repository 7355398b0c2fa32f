using System.IO.Compression;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Which of several causes it is that the method does not work, and that only one program uses it.</summary>
public sealed class PageIdleSupportTests : IDisposable
{
    private const string Bitmap = "sys/kernel/mm/page_idle/bitmap";

    private readonly TemporaryDirectory _tree = new();

    private KernelPaths Paths => new(_tree["proc"], _tree["sys"], _tree["run"]);

    [Fact]
    public void It_works_where_all_three_files_are()
    {
        WriteAll();
        Check("ok");
    }

    [Fact]
    public void A_sysfs_that_is_not_the_hosts_hides_it() => Check("hidden", "--sysfs");

    [Fact]
    public void An_empty_directory_is_a_mask()
    {
        Directory.CreateDirectory(_tree["sys/kernel/mm"]);
        Check("hidden", "--sysfs");
    }

    [Fact]
    public void Without_the_file_the_kernel_lacks_the_option()
    {
        _tree.Write("sys/kernel/mm/swap/vma_ra_enabled", "true");
        Check("no_kernel_option", "CONFIG_IDLE_PAGE_TRACKING=y");
    }

    [Theory]
    [InlineData("CONFIG_IDLE_PAGE_TRACKING=y", "hidden", "privileged")]
    [InlineData("# CONFIG_IDLE_PAGE_TRACKING is not set", "no_kernel_option", "CONFIG_IDLE_PAGE_TRACKING=y")]
    public void The_kernels_own_configuration_settles_it(string line, string reason, string advice)
    {
        _tree.Write("sys/kernel/mm/swap/vma_ra_enabled", "true");
        Directory.CreateDirectory(_tree["proc"]);
        using (GZipStream file = new(File.Create(_tree["proc/config.gz"]), CompressionLevel.Fastest))
        {
            file.Write(Encoding.ASCII.GetBytes($"CONFIG_A=y\n{line}\nCONFIG_Z=y\n"));
        }

        Check(reason, advice);
    }

    [Fact]
    public void A_configuration_that_is_damaged_settles_nothing()
    {
        _tree.Write("sys/kernel/mm/swap/vma_ra_enabled", "true");
        _tree.Write("proc/config.gz", "not gzip");
        Check("no_kernel_option");
    }

    [Fact]
    public void Without_page_flags_huge_pages_would_be_wrong()
    {
        WriteAll();
        File.Delete(_tree["proc/kpageflags"]);
        Check("no_kpageflags");
        Assert.Contains("kpageflags", Assert.Throws<IOException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Frame_numbers_that_read_as_zero_need_a_capability()
    {
        WriteAll();
        _tree.Write(Bitmap, "");
        WorkingSetProbe("no_capability", new KernelPaths("/proc", _tree["sys"], _tree["run"]));

        static void WorkingSetProbe(string reason, KernelPaths paths) =>
            Unprivileged.Run(() =>
            {
                // Nobody may read neither kpageflags nor frame numbers; which of them is asked first does not matter to the advice.
                ProbeResult support = PageIdleEstimator.Probe(paths);
                Assert.False(support.IsSupported);
                Assert.Contains(support.Reason, new[] { reason, "no_kpageflags" });
                Assert.Contains("root", support.Advice, StringComparison.Ordinal);
            });
    }

    [Fact]
    public void What_only_root_may_open_needs_root()
    {
        WriteAll();
        Unprivileged.Run(() => Check("no_capability", "root"));
    }

    [Fact]
    public void A_lock_of_another_is_respected_and_said()
    {
        WriteAll();
        using (PageIdleEstimator first = Open())
        {
            Check(ProbeResult.InUse, "stop that program");
            IOException error = Assert.ThrowsAny<IOException>(Open);
            Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
            Assert.Contains(_tree[Bitmap], error.Message, StringComparison.Ordinal);
        }

        Check("ok");
        Open().Dispose();
    }

    [Fact]
    public void A_failed_open_leaves_no_lock()
    {
        WriteAll();
        File.Delete(_tree["proc/kpageflags"]);
        Assert.Throws<IOException>(Open);
        WriteAll();
        Open().Dispose();
    }

    [Fact]
    public void A_missing_bitmap_is_named()
    {
        IOException error = Assert.Throws<IOException>(Open);
        Assert.Contains(_tree[Bitmap], error.Message, StringComparison.Ordinal);
        Assert.Contains("not_supported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_this_machine_it_says_what_is_so()
    {
        ProbeResult support = PageIdleEstimator.Probe(new KernelPaths());
        Assert.Equal(File.Exists("/sys/kernel/mm/page_idle/bitmap"), support.Reason is not ("no_kernel_option" or "hidden"));
        Assert.Equal(support.IsSupported, support.Advice.Length == 0);
        Assert.NotEmpty(support.Explanation);
    }

    private PageIdleEstimator Open() => PageIdleEstimator.Open(Paths, new EstimatorOptions(), TimeProvider.System);

    private void WriteAll()
    {
        string bitmap = _tree.Write(Bitmap, "");
        File.SetUnixFileMode(bitmap, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _tree.Write("proc/kpageflags", "");
        _tree.Write("proc/self/pagemap", "");
        foreach (string directory in Directory.EnumerateDirectories(_tree.Root, "*", SearchOption.AllDirectories).Append(_tree.Root))
        {
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
        }
    }

    private void Check(string reason, string advice = "")
    {
        ProbeResult support = PageIdleEstimator.Probe(Paths);
        Assert.Equal(reason, support.Reason);
        Assert.Equal(reason == "ok", support.IsSupported);
        Assert.Contains(advice, support.Advice, StringComparison.Ordinal);
        Assert.Equal(PageIdleEstimator.MethodName, support.Method);
    }

    public void Dispose() => _tree.Dispose();
}
