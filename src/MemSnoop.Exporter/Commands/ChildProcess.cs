using MemSnoop.Metrics.Configuration;
using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Commands;

/// <summary>The command after <c>--</c>: started by us, on our terminal, watched from its first instant.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    internal int Pid => _process.Id;

    /// <exception cref="UsageException">The command cannot be started.</exception>
    internal static ChildProcess Start(IReadOnlyList<string> command)
    {
        ProcessStartInfo start = new(command[0]) { UseShellExecute = false };
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return new ChildProcess(Process.Start(start)!);
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(command[0], error.NativeErrorCode == Libc.ErrorNoEntry);
        }
    }

    /// <summary>Waits until it ends; its exit code, 128 plus the signal when one ended it, as shells have it.</summary>
    internal async Task<int> WaitAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end and waits for a bounded time; then ends it.</summary>
    internal async Task EndAsync(TimeSpan patience, TimeProvider clock)
    {
        if (_process.HasExited)
        {
            return;
        }

        _ = Libc.Kill(_process.Id, Libc.SignalTerminate);
        using CancellationTokenSource deadline = new(patience, clock);
        await _process.WaitForExitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose() => _process.Dispose();
}
