using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

// The command line stands before the parts it starts. This file goes when they come; nothing else refers to it.

internal static class ServeAction
{
    public static async Task<int> RunAsync(MemSnoopOptions options, string[] child, CancellationToken stop)
    {
        _ = (options, child);
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
        return ExitCode.Success;
    }
}

internal static class WssAction
{
    public static async Task<int> RunAsync(MemSnoopOptions options, int pid, TimeSpan window, TextWriter output, CancellationToken stop)
    {
        _ = (options, pid, output);
        await Task.Delay(window, stop).ConfigureAwait(false);
        return ExitCode.Success;
    }
}

internal static class CheckAction
{
    public static Task<int> RunAsync(MemSnoopOptions options, bool json, TextWriter output, CancellationToken stop)
    {
        _ = (options, json, output, stop);
        return Task.FromResult(ExitCode.Success);
    }
}
