using System.Text.Json;

namespace MemSnoop.Exporter.Tests.View;

/// <summary>A real browser on the page of an exporter, driven by <c>tests/page/page.js</c>.</summary>
internal static class PageBrowser
{
    private static readonly string Scripts = Path.Combine(Checkout.Root, "tests", "page");

    // A start of the browser takes a second; the rest is for a machine that is busy.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static readonly Lazy<Task<string>> Packages = new(async () => (await Command.RunAsync(Path.Combine(Checkout.Root, "tests", "npm-packages.sh"), [Scripts], TimeSpan.FromMinutes(5))).Trim());

    /// <summary>Runs a scenario; what it found. The page must not have complained.</summary>
    internal static async Task<JsonElement> RunAsync(Uri address, string scenario, params string[] arguments)
    {
        CommandResult result = await Command.TryRunAsync(
            "node", [Path.Combine(Scripts, "page.js"), await Packages.Value, "/usr/bin/chromium", new Uri(address, "/").AbsoluteUri, scenario, .. arguments], Deadline);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        JsonElement found = JsonElement.Parse(result.Output);
        Assert.Empty(found.GetProperty("complaints").EnumerateArray().Select(static complaint => complaint.GetString()));
        return found;
    }
}
