using MemSnoop.Disturbances;

namespace MemSnoop.Tests.Disturbances;

public sealed class BitmapUsersTests : IDisposable
{
    private const string Bitmap = "sys/kernel/mm/page_idle/bitmap";

    private readonly DisturbedHost _host = new();
    private readonly string _file;

    public BitmapUsersTests() => _file = _host.Write(Bitmap, "01234567");

    [Fact]
    public void A_program_that_writes_disturbs_the_windows_in_which_it_has_the_bitmap_open()
    {
        using HostDisturbances watch = _host.Watch();
        using IDisturbanceMoment start = watch.Now();
        using (FileStream writer = Open(FileAccess.ReadWrite))
        {
            writer.WriteByte(1);
        }

        using IDisturbanceMoment end = watch.Now();
        Assert.Equal(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Reader), watch.Compare(start, end).Everywhere);
        using IDisturbanceMoment later = watch.Now();
        Assert.True(watch.Compare(end, later).IsQuiet);
    }

    [Fact]
    public void One_that_only_reads_or_tries_to_open_does_no_harm()
    {
        using HostDisturbances watch = _host.Watch();
        using IDisturbanceMoment start = watch.Now();
        using (FileStream reader = Open(FileAccess.Read))
        {
            reader.ReadByte();
        }

        using (Open(FileAccess.ReadWrite))
        {
        }

        using IDisturbanceMoment end = watch.Now();
        Assert.True(watch.Compare(start, end).IsQuiet);
    }

    [Fact]
    public void While_one_has_it_open_and_cannot_be_seen_it_is_taken_for_a_writer()
    {
        using HostDisturbances watch = _host.Watch();
        using FileStream stranger = Open(FileAccess.Read);
        using IDisturbanceMoment start = watch.Now();
        using IDisturbanceMoment end = watch.Now();
        Assert.Equal(Disturbance.Reader, watch.Compare(start, end).Everywhere.Reason);
    }

    [Theory]
    [InlineData("0100000", true)]
    [InlineData("0100002", false)]
    public void One_that_keeps_it_open_is_looked_up(string flags, bool isQuiet)
    {
        _host.Write("proc/77/fdinfo/3", $"pos:\t0\nflags:\t{flags}\nmnt_id:\t20\n");
        Directory.CreateDirectory(_host["proc/77/fd"]);
        File.CreateSymbolicLink(_host["proc/77/fd/3"], "/host/sys/kernel/mm/page_idle/bitmap");
        Assert.Equal(isQuiet ? [] : [77], BitmapUsers.FindUsers(_host.Paths).Writers);

        // Who had it open before the watch began caused no event.
        using HostDisturbances watch = _host.Watch();
        using FileStream stranger = Open(FileAccess.Read);
        using IDisturbanceMoment start = watch.Now();
        using IDisturbanceMoment end = watch.Now();
        Assert.Equal(isQuiet, watch.Compare(start, end).IsQuiet);
    }

    private FileStream Open(FileAccess access) => new(_file, FileMode.Open, access, FileShare.ReadWrite, bufferSize: 0);

    public void Dispose() => _host.Dispose();
}
