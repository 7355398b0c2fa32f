using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Hosting;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// The command after <c>--</c>: executed on our terminal when all else has started, and watched from its first instant. Its end is the program's,
/// and the program's end is its own.
/// </summary>
internal sealed class ChildProcess(string name, WaitingCommand command, SamplingPipeline pipeline, IHostApplicationLifetime lifetime, TimeProvider clock)
    : LifecycleService, IDisposable
{
    /// <summary>What it gets to end by itself after SIGTERM; the rest of <see cref="ExporterHost.StopPatience"/> is ours.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private Task<int>? _end;

    /// <summary>Its exit code if it ended by itself, 128 plus the signal when one ended it, as shells have it. Null when we ended it.</summary>
    internal int? ExitCode { get; private set; }

    /// <exception cref="CommandNotFoundException">The command cannot be started.</exception>
    public override Task StartedAsync(CancellationToken cancellationToken)
    {
        try
        {
            command.Run();
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(name, error);
        }

        pipeline.Watch(command.Pid);
        _end = command.WaitAsync();
        _ = HandOnAsync(_end);
        return Task.CompletedTask;
    }

    public override async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_end is not { IsCompleted: false } end)
        {
            return;
        }

        _ = Libc.Kill(command.Pid, Libc.SignalTerminate);
        await ((Task)end).WaitAsync(Patience, clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!end.IsCompleted)
        {
#pragma warning disable RS0030 // Of one child that is known to live: only the framework ends a process with its descendants.
            using Process process = Process.GetProcessById(command.Pid);
#pragma warning restore RS0030
            process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose() => command.Dispose();

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

/// <summary>A command cannot be started: exit code 127 when there is none of its name, 126 when it may not be run, as shells have it.</summary>
internal sealed class CommandNotFoundException(string command, Win32Exception error) : Exception(
    IsMissing(error) ? $"{command}: command not found; expected a program on the PATH or a path to one" : $"{command}: cannot be run; expected an executable file")
{
    internal int ExitCode { get; } = IsMissing(error) ? 127 : 126;

    private static bool IsMissing(Win32Exception error) => error.NativeErrorCode == Libc.ErrorNoEntry;
}
