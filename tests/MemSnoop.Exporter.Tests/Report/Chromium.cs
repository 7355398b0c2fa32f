namespace MemSnoop.Exporter.Tests.Report;

/// <summary>A real browser without a window.</summary>
internal static class Chromium
{
    /// <summary>Opens a page; gives its elements as they are when its scripts are through, and what it wrote to the console, errors of its scripts among it.</summary>
    internal static async Task<(string Elements, string[] Console)> OpenAsync(string file, TemporaryDirectory directory)
    {
        CommandResult result = await RunAsync(file, directory, "--dump-dom");
        return (result.Output, [.. result.Error.Split('\n').Where(static line => line.Contains(":CONSOLE", StringComparison.Ordinal))]);
    }

    /// <summary>Opens a page and takes its picture.</summary>
    internal static Task ScreenshotAsync(string file, TemporaryDirectory directory, string picture) =>
        RunAsync(file, directory, $"--screenshot={picture}", "--window-size=1280,1400", "--hide-scrollbars");

    private static async Task<CommandResult> RunAsync(string file, TemporaryDirectory directory, params string[] arguments)
    {
        // The sandbox needs a user other than root; the page is ours. Virtual time ends when the scripts have nothing left to do.
        CommandResult result = await Command.TryRunAsync(
            "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--enable-logging=stderr",
                $"--user-data-dir={directory["profile"]}", "--virtual-time-budget=20000", .. arguments, new Uri(file).AbsoluteUri,
            ],
            TimeSpan.FromMinutes(2));
        Assert.True(result.ExitCode == 0, result.Error);
        return result;
    }
}
