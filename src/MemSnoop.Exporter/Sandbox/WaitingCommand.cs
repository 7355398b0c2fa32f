using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>
/// The command after <c>--</c>, before it runs: a child process that was forked while this one had all the rights of its caller. It keeps them, and executes the command
/// when it is told to.
/// </summary>
/// <remarks>
/// <para>It cannot be started later: what this process has given up and what its filter forbids, its children could not have either.</para>
/// <para>
/// After <c>fork(2)</c> there is one thread, and the runtime is no runtime any more: locks may be held by threads that are not there. So the child makes system calls alone,
/// by pointers to functions that neither allocate nor look at the state of the runtime.
/// </para>
/// </remarks>
internal sealed class WaitingCommand : IDisposable
{
    private const int LastSignal = 64;
    private const nint DefaultAction = 0;
    private const nint Ignored = 1;
    private const int SignalOfPipe = 13;

    private readonly KernelHandle _socket;

    private WaitingCommand(int pid, KernelHandle socket)
    {
        Pid = pid;
        _socket = socket;
    }

    /// <summary>Its pid, before and after it executes the command.</summary>
    internal int Pid { get; }

    /// <summary>Forks the process that waits. It ends if this one does.</summary>
    /// <exception cref="Win32Exception">There can be no more processes.</exception>
    internal static unsafe WaitingCommand Prepare(IReadOnlyList<string> words)
    {
        Span<int> pair = stackalloc int[2];
        if (Libc.MakeSocketPair(Libc.SocketUnix, Libc.SocketStreamCloseOnExec, 0, pair) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        KernelHandle ours = new(pair[0]);
        using KernelHandle theirs = new(pair[1]);
        Calls calls = Calls.Find();
        nint[] arguments = [.. words.Select(Marshal.StringToCoTaskMemUTF8), 0];
        byte[] all = new byte[Libc.SignalSetBytes];
        byte[] mask = new byte[Libc.SignalSetBytes];
        all.AsSpan().Fill(0xff);
        int pid;
        fixed (nint* vector = arguments)
        fixed (byte* before = mask)
        {
            // No signal may reach the handlers of the runtime in the child.
            _ = Libc.SetSignalMask(Libc.SignalsSet, all, mask);
            pid = Fork(calls, pair[0], pair[1], vector, before);
            int error = Marshal.GetLastSystemError();
            _ = Libc.SetSignalMask(Libc.SignalsSet, mask, all);
            Array.ForEach(arguments, Marshal.FreeCoTaskMem);
            if (pid < 0)
            {
                ours.Dispose();
                throw new Win32Exception(error);
            }
        }

        return new WaitingCommand(pid, ours);
    }

    /// <summary>The one that this process has prepared before its second start.</summary>
    internal static WaitingCommand TakeOver(int pid, int socket)
    {
        WaitingCommand command = new(pid, new KernelHandle(socket));
        _ = Libc.ControlDescriptor(command._socket, Libc.DescriptorSetFlags, Libc.DescriptorCloseOnExec);
        return command;
    }

    /// <summary>Keeps the socket open over a second start.</summary>
    /// <returns>Its descriptor.</returns>
    internal int HandOver()
    {
        _ = Libc.ControlDescriptor(_socket, Libc.DescriptorSetFlags, 0);
        return (int)_socket.DangerousGetHandle();
    }

    /// <summary>Has the command executed; done when that is done.</summary>
    /// <exception cref="Win32Exception">It cannot be executed.</exception>
    internal unsafe void Run()
    {
        _ = Libc.Write(_socket, [1], 1);
        int error = 0;
        nint read;
        do
        {
            read = Libc.Read(_socket, &error, sizeof(int));
        }
        while (read < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted);

        // The socket closes when the command is executed, and nothing is read then.
        if (read == sizeof(int))
        {
            throw new Win32Exception(error);
        }
    }

    /// <summary>Waits for its end, in a thread of its own.</summary>
    /// <returns>Its exit code, 128 plus the signal when one ended it, as shells have it.</returns>
    internal Task<int> WaitAsync() => Task.Factory.StartNew(
        () =>
        {
            int status;
            while (Libc.WaitForChild(Pid, out status, 0) < 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted)
            {
            }

            // WIFEXITED and WEXITSTATUS of wait(2), else WTERMSIG.
            int signal = status & 0x7f;
            return signal == 0 ? (status >> 8) & 0xff : 128 + signal;
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Lets go of it: one that still waits ends.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>In this process the pid of the child, or -1; the child never returns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static unsafe int Fork(Calls calls, int ours, int theirs, nint* arguments, byte* mask)
    {
        int pid = calls.Fork();
        if (pid != 0)
        {
            return pid;
        }

        calls.Close(ours);
        byte word;
        nint read;
        do
        {
            read = calls.Read(theirs, &word, 1);
        }
        while (read < 0 && *calls.Error() == Libc.ErrorInterrupted);

        if (read == 1)
        {
            // As the caller had them: only what is ignored would stay so. SIGPIPE is ignored by the runtime, which does not tell what the caller had.
            for (int signal = 1; signal <= LastSignal; signal++)
            {
                if (calls.Signal(signal, DefaultAction) == Ignored && signal != SignalOfPipe)
                {
                    calls.Signal(signal, Ignored);
                }
            }

            calls.Mask(Libc.SignalsSet, mask, null);
            calls.Execute(*arguments, arguments);
            int error = *calls.Error();
            calls.Write(theirs, &error, sizeof(int));
        }

        calls.Exit(127);
        return 0;
    }

    /// <summary>Functions of the C library that may be called after <c>fork(2)</c> (<c>signal-safety(7)</c>).</summary>
    private readonly unsafe struct Calls
    {
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int> Fork;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, int> Close;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void*, nuint, nint> Read;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void*, nuint, nint> Write;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, nint, nint> Signal;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, byte*, byte*, int> Mask;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nint*, int> Execute;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int*> Error;
        internal readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void> Exit;

        private Calls(nint library)
        {
            Fork = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int>)NativeLibrary.GetExport(library, "fork");
            Close = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, int>)NativeLibrary.GetExport(library, "close");
            Read = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void*, nuint, nint>)NativeLibrary.GetExport(library, "read");
            Write = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void*, nuint, nint>)NativeLibrary.GetExport(library, "write");
            Signal = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, nint, nint>)NativeLibrary.GetExport(library, "signal");
            Mask = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, byte*, byte*, int>)NativeLibrary.GetExport(library, "pthread_sigmask");
            Execute = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nint*, int>)NativeLibrary.GetExport(library, "execvp");
            Error = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int*>)NativeLibrary.GetExport(library, "__errno_location");
            Exit = (delegate* unmanaged[Cdecl, SuppressGCTransition]<int, void>)NativeLibrary.GetExport(library, "_exit");
        }

        internal static Calls Find() => new(NativeLibrary.GetMainProgramHandle());
    }
}
