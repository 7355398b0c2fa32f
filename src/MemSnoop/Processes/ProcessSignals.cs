using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>
/// Sends signals to one process and to no other: through a pidfd (<c>pidfd_open(2)</c>, Linux 5.3), because a signal sent
/// to a pid may reach the pid's next owner.
/// </summary>
internal sealed class ProcessSignals : IDisposable
{
    private readonly KernelHandle _process;

    private ProcessSignals(KernelHandle process) => _process = process;

    /// <summary>Opens the process that has the pid now; the caller compares the start time afterwards.</summary>
    internal static ReadOutcome Open(int pid, out ProcessSignals? signals)
    {
        nint descriptor = Libc.PidFdOpen(Libc.PidFdOpenNumber, pid, 0);
        signals = descriptor < 0 ? null : new ProcessSignals(new KernelHandle((int)descriptor));
        return descriptor < 0 ? KernelFile.Classify(Marshal.GetLastPInvokeError()) : ReadOutcome.Success;
    }

    /// <summary>Sends a signal; 0 only asks whether one could be sent.</summary>
    internal ReadOutcome Send(int signal) =>
        Libc.PidFdSendSignal(Libc.PidFdSendSignalNumber, _process, signal, 0, 0) == 0
            ? ReadOutcome.Success
            : KernelFile.Classify(Marshal.GetLastPInvokeError());

    public void Dispose() => _process.Dispose();
}
