using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class ProcessIoTests
{
    private const string Text = "rchar: 89960\nwchar: 3145745\nsyscr: 36\nsyscw: 3\nread_bytes: 4096\nwrite_bytes: 3153920\ncancelled_write_bytes: 3145728\n";

    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(ProcessIo.TryParse(Encoding.UTF8.GetBytes(Text), out ProcessIo io));

        Assert.Equal(new ProcessIo(89960, 3145745, 36, 3, 4096, 3153920, 3145728), io);
    }

    [Theory]
    [InlineData("\nwchar:", "\nqchar:")]
    [InlineData("syscr: 36\n", "")]
    [InlineData("3145728\n", "3145728")]
    [InlineData("89960", "18446744073709551616")]
    [InlineData("89960", "-1")]
    [InlineData("89960", "")]
    public void What_is_no_io_file_is_refused(string old, string replacement) =>
        Assert.False(ProcessIo.TryParse(Encoding.UTF8.GetBytes(Text.Replace(old, replacement, StringComparison.Ordinal)), out _));
}
