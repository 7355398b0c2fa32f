using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>What is said on standard error while windows are measured: how far they are, and what is waited for.</summary>
/// <param name="error">Standard error.</param>
/// <param name="progress">The line on it that is replaced.</param>
internal sealed class WindowNotes(TextWriter error, ProgressLine progress)
{
    // Often enough for tenths of seconds to be seen to go on.
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(200);

    private string? _said;

    /// <summary>Says it, once for each cause and not for each look.</summary>
    internal async Task SayAsync(string line)
    {
        if (_said != line)
        {
            _said = line;
            progress.Clear();
            await error.WriteLineAsync($"memsnoop: {UsageException.OneLine(line)}").ConfigureAwait(false);
        }
    }

    /// <summary>Says how far a window is until it has ended.</summary>
    /// <param name="what">What is measured.</param>
    /// <param name="length">How long that takes.</param>
    /// <param name="measuring">The measurement.</param>
    internal async Task<T> WatchAsync<T>(string what, TimeSpan length, Task<T> measuring)
    {
        if (progress.IsSeen)
        {
            TimeProvider clock = TimeProvider.System;
            long began = clock.GetTimestamp();
            string all = Duration.Format(length);
            while (!measuring.IsCompleted)
            {
                TimeSpan gone = clock.GetElapsedTime(began);
                progress.Show(gone < length ? FormattableString.Invariant($"{what}: {gone.TotalSeconds:F1} s of {all}; Ctrl-C ends it now") : FormattableString.Invariant($"{what}: {gone.TotalSeconds:F1} s"));
                await Task.WhenAny(measuring, Task.Delay(Beat, clock)).ConfigureAwait(false);
            }

            progress.Clear();
        }

        return await measuring.ConfigureAwait(false);
    }
}
