using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class MapsEntryTests
{
    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(MapsEntry.TryParse("00403000-00408000 r-xp 00002000 fe:1a 248174                             /usr/bin/sleep\n"u8, out MapsEntry entry));

        Assert.Equal(0x403000ul, entry.Start);
        Assert.Equal(0x408000ul, entry.End);
        Assert.Equal(AreaPermissions.Read | AreaPermissions.Execute, entry.Permissions);
        Assert.Equal(0x2000ul, entry.Offset);
        Assert.Equal(0xfeu, entry.DeviceMajor);
        Assert.Equal(0x1au, entry.DeviceMinor);
        Assert.Equal(248174ul, entry.Inode);
        Assert.Equal("/usr/bin/sleep", Encoding.UTF8.GetString(entry.Path));
    }

    [Theory]
    [InlineData("00432000-00435000 rw-p 00000000 00:00 0 ", "")]
    [InlineData("00432000-00435000 rw-p 00000000 00:00 0", "")]
    [InlineData("00410000-00431000 rw-p 00000000 00:00 0                                  [heap]", "[heap]")]
    [InlineData("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]", "[vsyscall]")]
    [InlineData("00400000-7ffd37ff6000 ---p 00000000 00:00 0                              [rollup]", "[rollup]")]
    [InlineData("7f0000000000-7f0000001000 rw-s 00000000 00:01 1025                       /memfd:a b (deleted)", "/memfd:a b (deleted)")]
    [InlineData("7f0000000000-7f0000001000 r--p 00000000 fe:00 9                          /tmp/line\\012break", "/tmp/line\\012break")]
    [InlineData("7f0000000000-7f0000001000 r--p 00000000 fe:00 9                          /tmp/ends in blank ", "/tmp/ends in blank ")]
    public void The_path_is_the_rest_of_the_line(string line, string path)
    {
        Assert.True(MapsEntry.TryParse(Encoding.UTF8.GetBytes(line), out MapsEntry entry));

        Assert.Equal(path, Encoding.UTF8.GetString(entry.Path));
    }

    [Theory]
    [InlineData("---p", AreaPermissions.None)]
    [InlineData("rwxs", AreaPermissions.Read | AreaPermissions.Write | AreaPermissions.Execute | AreaPermissions.Shared)]
    [InlineData("-w-p", AreaPermissions.Write)]
    [InlineData("--xp", AreaPermissions.Execute)]
    public void Each_permission_has_its_letter(string letters, AreaPermissions expected)
    {
        Assert.True(MapsEntry.TryParse(Encoding.UTF8.GetBytes($"00400000-00401000 {letters} 00000000 00:00 0 "), out MapsEntry entry));

        Assert.Equal(expected, entry.Permissions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Rss:                1684 kB")]
    [InlineData("00400000")]
    [InlineData("00401000-00400000 rw-p 00000000 00:00 0 ")]
    [InlineData("10000000000000000-10000000000001000 rw-p 00000000 00:00 0 ")]
    [InlineData("00400000-00401000 wr-p 00000000 00:00 0 ")]
    [InlineData("00400000-00401000 rw- 00000000 00:00 0 ")]
    [InlineData("00400000-00401000 rw-p 00000000 0000 0 ")]
    [InlineData("00400000-00401000 rw-p 00000000 00:100000000 0 ")]
    [InlineData("00400000-00401000 r--p 00000000 fe:00 2481")]
    [InlineData("00400000-00401000 r--p 00000000 fe:00 18446744073709551616 /x")]
    public void What_is_no_area_is_refused(string line) => Assert.False(MapsEntry.TryParse(Encoding.UTF8.GetBytes(line), out _));
}
