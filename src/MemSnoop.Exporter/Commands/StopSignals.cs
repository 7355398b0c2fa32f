using System.Runtime.InteropServices;

namespace MemSnoop.Exporter.Commands;

/// <summary>Turns the first SIGINT or SIGTERM into a cancellation; a second one ends the process at once, in case the shutdown hangs.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private int _signal;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 2));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 15));
    }

    /// <summary>Cancelled when the first signal comes.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The number of the signal that came first, or 0.</summary>
    public int Signal => Volatile.Read(ref _signal);

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context, int signal)
    {
        if (Interlocked.CompareExchange(ref _signal, signal, 0) == 0)
        {
            context.Cancel = true;   // not the default action, which would end the process at once
            _source.Cancel();
        }
    }
}
