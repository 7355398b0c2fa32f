using System.Runtime.InteropServices;
using System.Threading.Channels;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Top;

/// <summary>Reads, draws and takes keys until the user has seen enough. Reading never keeps a key waiting.</summary>
/// <param name="source">Where the numbers come from.</param>
/// <param name="state">What is shown.</param>
/// <param name="terminal">Where.</param>
/// <param name="every">The time between two readings.</param>
internal sealed class TopLoop(IOverviewSource source, TopState state, TopTerminal terminal, TimeSpan every)
{
    private readonly TimeProvider _clock = TimeProvider.System;
    /// <summary>Runs it. What is shown at first has been read.</summary>
    internal async Task RunAsync(Overview first, CancellationToken stop)
    {
        TopFrame frame = new(state, source.Name, _clock);
        Channel<bool> resized = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using PosixSignalRegistration registration = PosixSignalRegistration.Create((PosixSignal)Libc.SignalWindowChanged, _ => resized.Writer.TryWrite(true));
        state.Take(first);
        Task<Overview>? reading = null;
        Task due = Task.Delay(every, _clock, stop);
        bool isLate = false;
        Task<bool> key = NextKey(stop);
        Task<bool> resize = resized.Reader.WaitToReadAsync(stop).AsTask();
        while (!state.IsDone && !stop.IsCancellationRequested)
        {
            terminal.Draw(frame.Draw);
            await Task.WhenAny(key, resize, reading ?? due).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
            if (resized.Reader.TryRead(out _))
            {
                resize = resized.Reader.WaitToReadAsync(stop).AsTask();
            }

            if (reading is { IsCompleted: true })
            {
                await TakeAsync(reading).ConfigureAwait(false);
                (reading, due) = (null, Task.Delay(every, _clock, stop));
            }

            bool wantsOthers = false;
            while (terminal.Keys.TryRead(out ConsoleKeyInfo pressed))
            {
                wantsOthers |= state.Press(pressed);
            }

            if (terminal.Keys.Completion.IsCompleted)
            {
                return;
            }

            key = key.IsCompleted ? NextKey(stop) : key;

            // What is being read may not be what is wanted any more: then it is read again as soon as that is here.
            isLate |= wantsOthers;
            if (reading is null && (isLate || due.IsCompleted))
            {
                isLate = false;
                reading = source.ReadAsync(state.Query, stop);
            }
        }
    }

    private Task<bool> NextKey(CancellationToken stop) => terminal.Keys.WaitToReadAsync(stop).AsTask();

    private async Task TakeAsync(Task<Overview> reading)
    {
        try
        {
            state.Take(await reading.ConfigureAwait(false));
        }
        catch (UsageException problem)
        {
            state.Fail(problem.Problem);
        }
    }
}
