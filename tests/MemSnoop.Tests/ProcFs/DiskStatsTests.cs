using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class DiskStatsTests
{
    private const string Line = " 254       3 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17";

    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(DiskStats.TryParse(Encoding.UTF8.GetBytes(Line), out DiskStats disk));

        Assert.Equal((254u, 3u, "vda"), (disk.Major, disk.Minor, Encoding.UTF8.GetString(disk.Name)));
        Assert.Equal((1ul, 2ul, 3ul, 4ul), (disk.ReadsCompleted, disk.ReadsMerged, disk.ReadSectors, disk.ReadMilliseconds));
        Assert.Equal((5ul, 6ul, 7ul, 8ul), (disk.WritesCompleted, disk.WritesMerged, disk.WriteSectors, disk.WriteMilliseconds));
        Assert.Equal((9ul, 10ul, 11ul), (disk.InProgress, disk.IoMilliseconds, disk.WeightedIoMilliseconds));
        Assert.Equal((12ul, 13ul, 14ul, 15ul), (disk.DiscardsCompleted, disk.DiscardsMerged, disk.DiscardSectors, disk.DiscardMilliseconds));
        Assert.Equal((16ul, 17ul), (disk.FlushesCompleted, disk.FlushMilliseconds));
        Assert.True(disk.HasDiscards && disk.HasFlushes);
    }

    [Theory]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11", false, false)]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n", false, false)]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n", true, false)]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", true, true)]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x\n", true, true)]
    public void Older_and_newer_kernels_are_read(string line, bool hasDiscards, bool hasFlushes)
    {
        Assert.True(DiskStats.TryParse(Encoding.UTF8.GetBytes(line), out DiskStats disk));

        Assert.Equal((hasDiscards, hasFlushes), (disk.HasDiscards, disk.HasFlushes));
        Assert.Equal(11ul, disk.WeightedIoMilliseconds);
        Assert.Equal(hasDiscards ? 14ul : 0, disk.DiscardSectors);
        Assert.Equal(hasFlushes ? 17ul : 0, disk.FlushMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8 0 sda")]
    [InlineData("8 0 sda 1 2 3 4")]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12")]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16")]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 x")]
    [InlineData("8 0 sda 1 2 3 4 5 6 7 8 9 10 -11")]
    [InlineData("8 0 sda 18446744073709551616 2 3 4 5 6 7 8 9 10 11")]
    public void What_is_no_disk_is_refused(string line) => Assert.False(DiskStats.TryParse(Encoding.UTF8.GetBytes(line), out _));

    [Fact]
    public void A_real_file_is_read()
    {
        List<string> names = [];
        foreach (string line in Encoding.UTF8.GetString(Fixture.Read("diskstats")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.True(DiskStats.TryParse(Encoding.UTF8.GetBytes(line), out DiskStats disk));
            names.Add(Encoding.UTF8.GetString(disk.Name));
            if (disk.Name.SequenceEqual("vda"u8))
            {
                Assert.Equal(8993610ul * 512, disk.ReadSectors * DiskStats.BytesPerSector);
                Assert.Equal((1436ul, 52ul), (disk.FlushesCompleted, disk.FlushMilliseconds));
            }
        }

        Assert.Equal(["loop0", "loop1", "loop2", "loop3", "loop4", "loop5", "loop6", "loop7", "vda", "zram0"], names);
    }
}
