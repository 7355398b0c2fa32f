using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class CommandLineTests
{
    [Fact]
    public void Arguments_are_joined_by_blanks()
    {
        Assert.Equal("/usr/bin/sleep 600", CommandLine.ToDisplay(Fixture.Read("26231/cmdline")));
        Assert.Equal("a  b", CommandLine.ToDisplay("a\0\0b\0"u8));
        Assert.Equal("nginx: worker process", CommandLine.ToDisplay("nginx: worker process\0\0\0\0"u8));
        Assert.Equal("", CommandLine.ToDisplay([]));
        Assert.Equal("", CommandLine.ToDisplay("\0\0"u8));
        Assert.Equal("é \uFFFD", CommandLine.ToDisplay([0xc3, 0xa9, 0, 0xff, 0]));
    }
}
