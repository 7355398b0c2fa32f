namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What tests/receivers/install.sh has fetched: programs that receive metrics, pushed or scraped.</summary>
internal static class Receivers
{
    // Half a minute where nothing is cached.
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(5);

    private static readonly Lazy<Task<string>> Installed = new(static async () =>
        (await Command.RunAsync(Source("install.sh"), [], InstallDeadline)).TrimEnd('\n'));

    /// <summary>A path below what is installed; the first call of a run installs it where that has not been done.</summary>
    public static async Task<string> PathAsync(string relative) => Path.Combine(await Installed.Value, relative);

    /// <summary>A Prometheus of version 3, which this machine's Debian may not have.</summary>
    public static Task<string> Prometheus3Async() => PathAsync("usr/bin/prometheus");

    /// <summary>A file of tests/receivers itself.</summary>
    public static string Source(string name) => Path.Combine(Checkout.Root, "tests", "receivers", name);
}
