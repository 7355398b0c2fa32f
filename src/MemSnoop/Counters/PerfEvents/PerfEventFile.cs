using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>Opens and reads the descriptor of one event of one thread and of the threads it starts.</summary>
internal static class PerfEventFile
{
    /// <summary>The calling thread.</summary>
    internal const int ThisThread = 0;

    private const int AnyCpu = -1;
    private const int NoGroup = -1;

    /// <summary>
    /// Opens an event, which counts from then on: in user space and in the kernel. If only user space may be counted, nothing is: the count would be a
    /// different one (of context switches, 0) without a sign of it.
    /// </summary>
    /// <param name="wanted">The event.</param>
    /// <param name="thread">The thread, by its id.</param>
    /// <param name="inheritance">What else is counted: threads that the thread starts, or also children that it forks.</param>
    /// <param name="handle">The open event.</param>
    /// <returns>0, or the error number.</returns>
    internal static int Open(PerfEvent wanted, int thread, AttributeFlags inheritance, out KernelHandle handle)
    {
        perf_event_attr attributes = new()
        {
            type = wanted.Type,
            size = (uint)Marshal.SizeOf<perf_event_attr>(),
            config = wanted.Config,
            read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
            flags = inheritance,
        };
        KernelCalls? calls = KernelCalls.Begin();
        nint descriptor = perf_event_open(SystemCall, attributes, thread, AnyCpu, NoGroup, PERF_FLAG_FD_CLOEXEC);
        KernelCalls.End(calls, (int)descriptor);
        if (descriptor < 0)
        {
            handle = KernelHandle.None;
            return Marshal.GetLastPInvokeError();
        }

        handle = new KernelHandle((int)descriptor);
        return 0;
    }

    /// <summary>Whether an event can be opened; the error number tells why not.</summary>
    internal static int TryOpen(PerfEvent wanted, int thread, AttributeFlags inheritance)
    {
        int error = Open(wanted, thread, inheritance, out KernelHandle handle);
        if (error == 0)
        {
            handle.Dispose();
        }

        return error;
    }

    /// <summary>
    /// Reads an event. One whose thread has ended reads as it was last, with what its descendants count added. A group would
    /// need one read for all of its events, but is refused (ECHILD) as long as a thread lives that was started while the group was being made.
    /// </summary>
    internal static unsafe bool TryRead(KernelHandle handle, out read_format reading)
    {
        fixed (read_format* buffer = &reading)
        {
            nint read;
            do
            {
                read = Libc.Read(handle, buffer, (nuint)sizeof(read_format));
            }
            while (read < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

            return read == sizeof(read_format);
        }
    }

    internal static ReadOutcome Classify(int error) => error switch
    {
        0 => ReadOutcome.Success,

        // Other code may have opened descriptors that the budget counts as free.
        Libc.ErrorTooManyFiles or Libc.ErrorTooManyFilesInSystem => ReadOutcome.TooLarge,
        _ => KernelFile.Classify(error),
    };
}
