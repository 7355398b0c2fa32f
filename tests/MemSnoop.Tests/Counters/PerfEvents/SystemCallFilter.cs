using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace MemSnoop.Tests.Counters.PerfEvents;

/// <summary>
/// Runs code under a filter of system calls like those of container engines (<c>seccomp(2)</c>). A filter belongs to a thread and
/// cannot be taken off again, so the thread is one of its own and ends afterwards.
/// </summary>
internal static unsafe partial class SystemCallFilter
{
    private const int SetNoNewPrivileges = 38;
    private const int SetSeccomp = 22;
    private const nuint ModeFilter = 2;

    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;
    private const uint ReturnError = 0x0005_0000;
    private const uint ReturnAllow = 0x7fff_0000;

    /// <summary>Runs the action on a thread for which one system call fails with an error: always, or where its second argument is that.</summary>
    public static void Run(nint systemCall, int error, Action action, uint? secondArgument = null)
    {
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                Install((uint)systemCall, (uint)error, secondArgument);
                action();
            }
            catch (Exception failure)
            {
                thrown = ExceptionDispatchInfo.Capture(failure);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
    }

    private static void Install(uint systemCall, uint error, uint? secondArgument)
    {
        // struct seccomp_data: the number of the call, the architecture, the instruction pointer, then arguments of eight bytes each.
        Instruction* program = stackalloc Instruction[]
        {
            new(LoadWord, 0, 0, 0),
            new(JumpIfEqual, 0, 3, systemCall),
            secondArgument is null ? new(LoadWord, 0, 0, 0) : new(LoadWord, 0, 0, 24),
            new(JumpIfEqual, 0, 1, secondArgument ?? systemCall),
            new(Return, 0, 0, ReturnError | error),
            new(Return, 0, 0, ReturnAllow),
        };
        Program filter = new() { Length = 6, Instructions = program };
        if (ProcessControl(SetNoNewPrivileges, 1, 0, 0, 0) != 0 || ProcessControl(SetSeccomp, ModeFilter, (nuint)(&filter), 0, 0) != 0)
        {
            throw new InvalidOperationException($"prctl: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        internal ushort Length;
        internal Instruction* Instructions;
    }
}
