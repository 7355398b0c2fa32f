using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>
/// Tells when a process has ended, by a pidfd (<c>pidfd_open(2)</c>, Linux 5.3). Its stat would not do: a process whose
/// first thread has ended reads as a zombie there while the other threads go on.
/// </summary>
internal sealed class ProcessExit : IDisposable
{
    private readonly KernelHandle _process;

    private ProcessExit(KernelHandle process) => _process = process;

    internal static ReadOutcome Open(TrackedProcess process, out ProcessExit? exit)
    {
        exit = null;
        nint descriptor = Libc.PidFdOpen(Libc.PidFdOpenNumber, process.Identity.Pid, 0);
        if (descriptor < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error is Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesInSystem ? ReadOutcome.TooLarge : KernelFile.Classify(error);
        }

        exit = new ProcessExit(new KernelHandle((int)descriptor));

        // The process may have ended, and its pid gone to another one, before the call: it is the same when it is still there now.
        ReadOutcome outcome = process.Verify();
        if (outcome != ReadOutcome.Success)
        {
            exit.Dispose();
            exit = null;
        }

        return outcome;
    }

    /// <summary>Whether all threads of the process have ended.</summary>
    internal bool HasHappened
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

    public void Dispose() => _process.Dispose();
}
