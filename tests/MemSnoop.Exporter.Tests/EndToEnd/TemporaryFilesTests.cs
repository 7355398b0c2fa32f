namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What is left where programs put what they need for a while: nothing, however the program ends.</summary>
[Collection(EndToEndCollection.Name)]
public class TemporaryFilesTests
{
    private const int Kill = 9;

    [Theory]
    [InlineData(ExporterProcess.Terminate)]
    [InlineData(Kill)]
    public async Task It_leaves_nothing_behind(int signal)
    {
        using TemporaryDirectory directory = new();
        Directory.CreateDirectory(directory["tmp"]);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children"], ["env", $"TMPDIR={directory["tmp"]}"]);
        await exporter.ScrapeAsync();

        // Where the runtime is not left out, it makes the sockets of its debugger and its diagnostics there.
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory["tmp"]));
        exporter.Signal(signal);
        await exporter.WaitAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory["tmp"]));
    }
}
