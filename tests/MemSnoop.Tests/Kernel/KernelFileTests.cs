using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Kernel;

public sealed class KernelFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("/proc/no-such-file", ReadOutcome.NotSupported)]
    [InlineData("/proc/4194305/stat", ReadOutcome.NotSupported)]
    [InlineData("/proc/version/stat", ReadOutcome.Failed)]
    [InlineData("", ReadOutcome.NotSupported)]
    public void An_open_that_fails_says_why_and_yields_no_handle(string path, ReadOutcome expected)
    {
        Assert.Equal(expected, KernelFile.Open(path, out KernelHandle handle));

        Assert.True(handle.IsInvalid);
        Assert.Same(KernelHandle.None, handle);
    }

    [Fact]
    public void A_name_below_a_directory_that_is_not_there_yields_no_handle()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self", Libc.OpenPath, out KernelHandle self));
        using (self)
        {
            Assert.Equal(ReadOutcome.NotSupported, KernelFile.Open(self, "no-such-file"u8, Libc.OpenReadOnly, out KernelHandle handle));
            Assert.True(handle.IsInvalid);
        }
    }

    [Fact]
    public void A_directory_opens_but_does_not_read() =>
        Assert.Equal(ReadOutcome.Failed, KernelFile.ReadToEnd("/proc/self", new KernelBuffer(), out _));

    [Fact]
    public async Task What_is_no_file_is_refused_at_once()
    {
        // Whoever opens a pipe waits for its other end, and a device may never end.
        await Command.RunAsync("mkfifo", [_directory["stat"]], TimeSpan.FromSeconds(30));
        Assert.Equal(ReadOutcome.Failed, KernelFile.Open(_directory["stat"], out KernelHandle handle));
        Assert.Same(KernelHandle.None, handle);
        Assert.Equal(ReadOutcome.Failed, KernelFile.Open(_directory["stat"], Libc.OpenWriteOnly, out _));
        Assert.Equal(ReadOutcome.Failed, KernelFile.Open("/dev/zero", out _));
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(_directory[""], Libc.OpenPath, out KernelHandle directory));
        using (directory)
        {
            Assert.Equal(ReadOutcome.Failed, KernelFile.Open(directory, "stat"u8, Libc.OpenReadOnly, out _));
            Assert.Equal(ReadOutcome.Failed, KernelFile.ReadRecord(directory, "stat"u8, new KernelBuffer(), out _));
        }
    }

    [Fact]
    public void A_file_of_another_user_is_denied() => Unprivileged.Run(static () =>
    {
        Assert.Equal(ReadOutcome.Denied, KernelFile.Open("/proc/1/environ", out KernelHandle handle));
        Assert.True(handle.IsInvalid);
        Assert.Equal(ReadOutcome.Denied, KernelFile.Open("/proc/1/clear_refs", Libc.OpenWriteOnly, out handle));
        Assert.True(handle.IsInvalid);
    });

    [Fact]
    public async Task Kept_handles_of_an_exited_process_read_as_gone()
    {
        using Workload child = await Workload.StartAsync("puppet");
        Assert.Equal(ReadOutcome.Success, ProcessDirectory.Open(new KernelPaths(), child.Pid, out ProcessDirectory? directory));
        using (directory)
        {
            Assert.Equal(ReadOutcome.Success, directory!.OpenFile("stat"u8, Libc.OpenReadOnly, out KernelHandle stat));
            Assert.Equal(ReadOutcome.Success, KernelFile.ReadRecord(stat, new KernelBuffer(), out _));

            child.Kill();

            using (stat)
            {
                Assert.Equal(ReadOutcome.ProcessGone, KernelFile.ReadRecord(stat, new KernelBuffer(), out ReadOnlySpan<byte> text));
                Assert.True(text.IsEmpty);
            }

            Assert.Equal(ReadOutcome.ProcessGone, directory.OpenFile("statm"u8, Libc.OpenReadOnly, out KernelHandle statm));
            Assert.True(statm.IsInvalid);
            Assert.Equal(ReadOutcome.ProcessGone, directory.CountOpenFiles(out _));
        }
    }

    /// <summary>Nothing is mapped at the first address of any process, so that the kernel answers EIO.</summary>
    [Fact]
    public void An_error_in_the_middle_of_a_read_is_a_failure_and_not_the_end_of_the_file()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self/mem", out KernelHandle handle));
        using (handle)
        {
            Assert.Equal(ReadOutcome.Failed, KernelFile.ReadToEnd(handle, new KernelBuffer(), out ReadOnlySpan<byte> text));
            Assert.True(text.IsEmpty);
        }
    }

    [Fact]
    public void A_file_that_this_kernel_lacks_is_not_an_exit()
    {
        Assert.Equal(ReadOutcome.Success, ProcessDirectory.Open(new KernelPaths(), Environment.ProcessId, out ProcessDirectory? self));
        using (self)
        {
            Assert.Equal(ReadOutcome.NotSupported, self!.OpenFile("no-such-file"u8, Libc.OpenReadOnly, out _));
        }
    }

    [Fact]
    public void A_handle_closed_under_a_reader_reads_as_gone()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self/stat", out KernelHandle stat));
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self", Libc.OpenPath, out KernelHandle directory));
        stat.Dispose();
        directory.Dispose();

        Assert.Equal(ReadOutcome.ProcessGone, KernelFile.ReadRecord(stat, new KernelBuffer(), out _));
        Assert.Equal(ReadOutcome.ProcessGone, KernelFile.Write(stat, "1"u8, 0));
        Assert.Equal(ReadOutcome.ProcessGone, KernelFile.Open(directory, "stat"u8, Libc.OpenReadOnly, out _));
    }

    [Fact]
    public async Task A_reader_on_another_thread_ends_when_the_handle_is_closed()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self/stat", out KernelHandle stat));
        int reads = 0;
        Task<ReadOutcome> reader = Task.Run(() =>
        {
            KernelBuffer buffer = new();
            ReadOutcome outcome;
            do
            {
                outcome = KernelFile.ReadRecord(stat, buffer, out _);
                Interlocked.Increment(ref reads);
            }
            while (outcome == ReadOutcome.Success);
            return outcome;
        });
        await Eventually.ReachesAsync(() => Volatile.Read(ref reads), static count => count > 100);

        stat.Dispose();

        Assert.Equal(ReadOutcome.ProcessGone, await reader);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    [InlineData(1000)]
    public void A_record_of_any_length_is_read_whole(int length)
    {
        string text = new('x', length);
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(_directory.Write("record", text), out KernelHandle handle));
        using (handle)
        {
            Assert.Equal(ReadOutcome.Success, KernelFile.ReadRecord(handle, new KernelBuffer(64), out ReadOnlySpan<byte> record));
            Assert.Equal(length, record.Length);
            Assert.Equal(ReadOutcome.Success, KernelFile.ReadToEnd(handle, new KernelBuffer(64), out ReadOnlySpan<byte> all));
            Assert.Equal(length, all.Length);
        }
    }

    [Fact]
    public void A_kernel_record_longer_than_the_buffer_is_read_whole()
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open("/proc/self/status", out KernelHandle handle));
        using (handle)
        {
            Assert.Equal(ReadOutcome.Success, KernelFile.ReadRecord(handle, new KernelBuffer(16), out ReadOnlySpan<byte> text));
            Assert.True(text.StartsWith("Name:\t"u8) && text.EndsWith("\n"u8));
            Assert.True(text.IndexOf("\nnonvoluntary_ctxt_switches:"u8) > 0);
        }
    }

    [Theory]
    [InlineData("maps")]
    [InlineData("smaps")]
    public async Task A_file_longer_than_one_read_is_read_to_its_end(string name)
    {
        // Every other page unmapped: 1,024 areas and more, some 50 KB of maps and ten times that of smaps.
        using Workload child = await Workload.StartAsync("touch", "--resident", "8", "--unmap-half");
        string path = $"/proc/{child.Pid}/{name}";

        Assert.Equal(ReadOutcome.Success, KernelFile.ReadToEnd(path, new KernelBuffer(), out ReadOnlySpan<byte> text));

        Assert.True(text.Length > 8 * 4096);
        Assert.Equal(File.ReadLines(path).Count(), text.Count((byte)'\n'));
        Assert.Equal(text.Count((byte)'\n'), CountLines(path));
    }

    [Theory]
    [InlineData(1, ReadOutcome.Denied)] // EPERM
    [InlineData(2, ReadOutcome.NotSupported)] // ENOENT
    [InlineData(3, ReadOutcome.ProcessGone)] // ESRCH
    [InlineData(5, ReadOutcome.Failed)] // EIO
    [InlineData(11, ReadOutcome.Failed)] // EAGAIN
    [InlineData(12, ReadOutcome.Failed)] // ENOMEM
    [InlineData(13, ReadOutcome.Denied)] // EACCES
    [InlineData(24, ReadOutcome.Failed)] // EMFILE
    [InlineData(38, ReadOutcome.NotSupported)] // ENOSYS
    [InlineData(95, ReadOutcome.NotSupported)] // EOPNOTSUPP
    public void Errors_become_outcomes(int error, ReadOutcome expected) => Assert.Equal(expected, KernelFile.Classify(error));

    private static int CountLines(string path)
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(path, out KernelHandle handle));
        using (handle)
        {
            KernelLines lines = new(handle, new KernelBuffer(16));
            int count = 0;
            while (lines.MoveNext())
            {
                count++;
            }

            Assert.Equal(ReadOutcome.Success, lines.Outcome);
            return count;
        }
    }

    public void Dispose() => _directory.Dispose();
}
