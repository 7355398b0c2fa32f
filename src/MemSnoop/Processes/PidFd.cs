using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>
/// A pidfd (<c>pidfd_open(2)</c>, Linux 5.3): a process that keeps its identity when its pid has a new owner. Signals reach it
/// and no other. It tells when the process has ended; stat would not do, for a process whose first thread has ended reads as a
/// zombie there while the other threads go on.
/// </summary>
internal sealed class PidFd : IDisposable
{
    private readonly KernelHandle _process;

    private PidFd(KernelHandle process) => _process = process;

    /// <summary>Whether all threads of the process have ended.</summary>
    internal bool HasExited
    {
        get
        {
            bool isHeld = false;
            try
            {
                _process.DangerousAddRef(ref isHeld);
                Libc.PollDescriptor descriptor = new() { Descriptor = (int)_process.DangerousGetHandle(), Events = Libc.PollIn };
                return Libc.Poll(ref descriptor, 1, milliseconds: 0) > 0;
            }
            finally
            {
                if (isHeld)
                {
                    _process.DangerousRelease();
                }
            }
        }
    }

    /// <summary>
    /// Opens the process. <see cref="ReadOutcome.TooLarge"/> when there is no descriptor left for it. A process whose first thread
    /// has ended and whose others go on can be opened too.
    /// </summary>
    internal static ReadOutcome Open(TrackedProcess process, out PidFd? opened)
    {
        opened = null;
        nint descriptor = Libc.PidFdOpen(Libc.PidFdOpenNumber, process.Identity.Pid, 0);
        if (descriptor < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error is Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesInSystem ? ReadOutcome.TooLarge : KernelFile.Classify(error);
        }

        opened = new PidFd(new KernelHandle((int)descriptor));

        // The process may have ended, and its pid gone to another one, before the call: it is the same when it is still there now.
        ReadOutcome outcome = process.Verify();
        if (outcome != ReadOutcome.Success)
        {
            opened.Dispose();
            opened = null;
        }

        return outcome;
    }

    /// <summary>Sends a signal; 0 only asks whether one could be sent.</summary>
    internal ReadOutcome Send(int signal) =>
        Libc.PidFdSendSignal(Libc.PidFdSendSignalNumber, _process, signal, 0, 0) == 0
            ? ReadOutcome.Success
            : KernelFile.Classify(Marshal.GetLastPInvokeError());

    public void Dispose() => _process.Dispose();
}
