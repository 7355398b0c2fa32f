using MemSnoop.Metrics.Configuration;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class ListenAddressTests
{
    [Theory]
    [InlineData(":9464", "", 9464, true)]
    [InlineData(":0", "", 0, true)]
    [InlineData("0.0.0.0:9464", "0.0.0.0", 9464, true)]
    [InlineData("[::]:80", "::", 80, true)]
    [InlineData("127.0.0.1", "127.0.0.1", 9464, false)]
    [InlineData("127.0.0.1:65535", "127.0.0.1", 65535, false)]
    [InlineData("[::1]:9464", "::1", 9464, false)]
    [InlineData("[::1]", "::1", 9464, false)]
    [InlineData("::1", "::1", 9464, false)]
    [InlineData("localhost:9100", "localhost", 9100, false)]
    [InlineData("node-1.example.com", "node-1.example.com", 9464, false)]
    public void Reads_every_usual_form(string text, string host, int port, bool isAnyInterface)
    {
        Assert.True(ListenAddress.TryParse(text, out ListenAddress value));
        Assert.Equal(new ListenAddress(host, port), value);
        Assert.Equal(isAnyInterface, value.IsAnyInterface);
    }

    [Fact]
    public void A_socket_of_this_host_has_a_path()
    {
        Assert.True(ListenAddress.TryParse("unix:///run/memsnoop/http.sock", out ListenAddress value));
        Assert.Equal(("/run/memsnoop/http.sock", false, "unix:///run/memsnoop/http.sock"), (value.SocketPath, value.IsAnyInterface, value.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("9464")]
    [InlineData("localhost:")]
    [InlineData("localhost:x")]
    [InlineData("localhost:-1")]
    [InlineData(":65536")]
    [InlineData(": 80")]
    [InlineData("1.2.3:80")]
    [InlineData("1.2.3.4.5:80")]
    [InlineData("256.1.1.1:80")]
    [InlineData("[::1")]
    [InlineData("[::1]80")]
    [InlineData("[]:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("::1:x")]
    [InlineData("http://localhost:80")]
    [InlineData("a b:80")]
    [InlineData("a/b:80")]
    [InlineData("unix:/run/http.sock")]
    [InlineData("unix://run/http.sock")]
    public void Refuses_what_cannot_be_bound(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    [Fact]
    public void Is_read_as_it_was_written() => Prop.ForAll(
        Gen.Elements("", "0.0.0.0", "192.0.2.7", "::", "::1", "2001:db8::7", "localhost", "a.example")
            .SelectMany(host => Gen.Choose(0, 65535).Select(port => new ListenAddress(host, port))).ToArbitrary(),
        address => ListenAddress.TryParse(address.ToString(), out ListenAddress value) && value == address).QuickCheckThrowOnFailure();

    [Fact]
    public void Tells_addresses_from_names()
    {
        Assert.True(new ListenAddress("::1", 1).TryGetIPAddress(out System.Net.IPAddress address));
        Assert.Equal(System.Net.IPAddress.IPv6Loopback, address);
        Assert.False(new ListenAddress("localhost", 1).TryGetIPAddress(out _));
    }
}
