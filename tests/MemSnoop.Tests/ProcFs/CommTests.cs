using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class CommTests
{
    [Fact]
    public void Equality_is_that_of_the_bytes()
    {
        Comm name = new("sleep"u8);

        Assert.Equal(new Comm("sleep"u8), name);
        Assert.Equal(new Comm("sleep"u8).GetHashCode(), name.GetHashCode());
        Assert.True(name != new Comm("sleep "u8));
        Assert.True(new Comm("\xff"u8) != new Comm([0xff]));
        Assert.Equal(default, new Comm([]));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_show_as_replacement_characters()
    {
        Comm name = new([(byte)'a', 0xff, (byte)'b', 0xc3]);

        Assert.Equal("a\uFFFDb\uFFFD", name.ToString());
        Assert.True(name.Bytes.SequenceEqual(new byte[] { (byte)'a', 0xff, (byte)'b', 0xc3 }));
    }

    [Fact]
    public void A_name_beyond_64_bytes_is_shortened()
    {
        byte[] name = new byte[65];
        name.AsSpan().Fill((byte)'k');

        Assert.Equal(64, new Comm(name).Bytes.Length);
    }
}
