namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A terminal whose screen can be read and on whose keys can be typed: a server of tmux of its own, with one window.</summary>
internal sealed class Tmux : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Socket => _directory["tmux"];

    // The shell says it: tmux itself does not always learn that its child has ended.
    private const string Ended = "ended with ";

    /// <summary>Starts a command of the shell on it. The window stays when the command has ended.</summary>
    internal static async Task<Tmux> StartAsync(string command, int width = 80, int height = 24)
    {
        Tmux tmux = new();
        string configuration = tmux._directory.Write("tmux.conf", "set -g status off\nset -sg escape-time 10\n");
        await tmux.RunAsync("-f", configuration, "new-session", "-d", "-s", "test", "-x", $"{width}", "-y", $"{height}", $"trap : INT; {command}; echo {Ended}$?; exec sleep 1000");
        return tmux;
    }

    /// <summary>The lines of the screen, without blanks at their ends.</summary>
    internal async Task<string[]> ScreenAsync() => [.. (await RunAsync("capture-pane", "-p", "-t", "test")).TrimEnd('\n').Split('\n').Select(static line => line.TrimEnd())];

    /// <summary>Looks until the screen is as wanted.</summary>
    internal async Task<string[]> ShowsAsync(Func<string[], bool> isWanted, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(isWanted))] string what = "")
    {
        string[] screen = [];
        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        while (!isWanted(screen))
        {
            Assert.False(deadline.IsCancellationRequested, $"Not on the screen: {what}\n{string.Join('\n', screen)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
            screen = await ScreenAsync();
        }

        return screen;
    }

    /// <summary>Presses keys, by the names that tmux has for them.</summary>
    internal Task PressAsync(params string[] keys) => RunAsync(["send-keys", "-t", "test", .. keys]);

    /// <summary>Makes the window larger or smaller.</summary>
    internal Task ResizeAsync(int width, int height) => RunAsync("resize-window", "-t", "test", "-x", $"{width}", "-y", $"{height}");

    /// <summary>The exit code of the command; waits for its end.</summary>
    internal async Task<int> ExitCodeAsync()
    {
        string[] screen = await ShowsAsync(static screen => screen.Any(static line => line.StartsWith(Ended, StringComparison.Ordinal)));
        return int.Parse(screen.Single(static line => line.StartsWith(Ended, StringComparison.Ordinal))[Ended.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private Task<string> RunAsync(params string[] arguments) => Command.RunAsync("tmux", ["-u", "-S", Socket, .. arguments], ExporterProcess.Deadline);

    public async ValueTask DisposeAsync()
    {
        await Command.TryRunAsync("tmux", ["-S", Socket, "kill-server"], ExporterProcess.Deadline);
        _directory.Dispose();
    }
}
