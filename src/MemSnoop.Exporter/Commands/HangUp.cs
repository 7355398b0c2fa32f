using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// SIGHUP, which has two meanings: the terminal that the program was started on has gone away, and what runs on it ends; or somebody asks a server to read its
/// configuration again. They are told apart by looking whether the terminal is still there. After <c>nohup</c> the signal is ignored, and stays so.
/// </summary>
internal sealed class HangUp : IDisposable
{
    // The signal comes while the kernel is still taking the terminal away.
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(100);

    private readonly bool _hadTerminal = HasTerminal();
    private readonly PosixSignalRegistration? _registration;

    /// <param name="end">Called when the terminal has gone away.</param>
    /// <param name="reload">Called when the configuration is to be read again.</param>
    public HangUp(Action end, Action reload)
    {
        if (IgnoredSignals.Contain(Libc.SignalHangUp))
        {
            return;
        }

        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;   // not the default action, which would end the process at once
            if (HasLostTerminal())
            {
                end();
            }
            else
            {
                reload();
            }
        });
    }

    public void Dispose() => _registration?.Dispose();

    private bool HasLostTerminal() => _hadTerminal && SpinWait.SpinUntil(static () => !HasTerminal(), LongestLook);

    /// <summary>Whether there is a controlling terminal, and it can still be used (<c>tty(4)</c>).</summary>
    private static bool HasTerminal()
    {
        int terminal = Libc.OpenAt(Libc.AtCurrentDirectory, "/dev/tty"u8, Libc.OpenReadOnly | Libc.OpenNoControllingTerminal | Libc.OpenCloseOnExec);
        return terminal >= 0 && Libc.Close(terminal) == 0;
    }
}
