using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What systemd is told under <c>Type=notify</c>: a datagram when the program is ready and one when it stops (sd_notify(3)).</summary>
[Collection(EndToEndCollection.Name)]
public class ServiceManagerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_told_when_the_endpoint_answers_and_when_the_end_begins(bool isAbstract)
    {
        using TemporaryDirectory directory = new();
        string name = isAbstract ? $"memsnoop-test-{Guid.NewGuid():N}" : directory["notify"];
        using Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? $"\0{name}" : name));
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{Environment.ProcessId}", "--no-children"], ["env", $"NOTIFY_SOCKET={(isAbstract ? "@" : "")}{name}"]);
        Assert.Equal("READY=1", await ReceiveAsync(manager));
        using HttpResponseMessage healthy = await exporter.GetAsync("/-/healthy");
        Assert.Equal(HttpStatusCode.OK, healthy.StatusCode);

        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal("STOPPING=1", await ReceiveAsync(manager));
        Assert.Equal(0, await exporter.WaitAsync());

        // The framework's own switch to the journal's format, with a level in front of each line, is not ours.
        Assert.All(exporter.Log, static line => Assert.StartsWith("ts=", line, StringComparison.Ordinal));
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        byte[] datagram = new byte[1024];
        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        int length = await socket.ReceiveAsync(datagram, deadline.Token);
        return Encoding.UTF8.GetString(datagram, 0, length).TrimEnd('\n');
    }
}
