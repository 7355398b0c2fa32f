using MemSnoop.Kernel;
using MemSnoop.Metrics.Hosting;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// Starts the command after <c>--</c> when all else has started, and has it watched from its first instant. Its end is the program's, and the program's end is its own.
/// It does not notice when the configuration is taken anew.
/// </summary>
internal sealed class ChildProcess(ServedCommand command, SamplingPipeline pipeline, Reloads reloads, IHostApplicationLifetime lifetime, TimeProvider clock) : LifecycleService
{
    /// <summary>What it gets to end by itself after SIGTERM; the rest of <see cref="ExporterHost.StopPatience"/> is ours.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Its exit code if it ended by itself, 128 plus the signal when one ended it, as shells have it. Null when we ended it.</summary>
    internal int? ExitCode { get; private set; }

    /// <exception cref="CommandNotFoundException">The command cannot be started.</exception>
    public override Task StartedAsync(CancellationToken cancellationToken)
    {
        command.Start();
        pipeline.Watch(command.Pid);
        _ = HandOnAsync(command.End!);
        return Task.CompletedTask;
    }

    public override async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (reloads.IsUnderWay || command.End is not { IsCompleted: false } end)
        {
            return;
        }

        _ = Libc.Kill(command.Pid, Libc.SignalTerminate);
        await ((Task)end).WaitAsync(Patience, clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        command.Kill();
    }

    private async Task HandOnAsync(Task<int> end)
    {
        await ((Task)end).WaitAsync(lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // To stop a host that is still starting is to give up its start, and with it the orderly end of what runs already.
        await Task.Delay(Timeout.Infinite, lifetime.ApplicationStarted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            ExitCode = await end.ConfigureAwait(false);
            lifetime.StopApplication();
        }
    }
}
