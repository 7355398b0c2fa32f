using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>
/// The filter of system calls (<c>seccomp(2)</c>): a program of classic BPF that the kernel runs before each call. It allows what is listed in <see cref="SystemCalls"/>.
/// Everything else fails with EPERM, and what is newer than the list with ENOSYS, so that a C library or runtime to come does as it does on a kernel without the call.
/// </summary>
internal static class SystemCallFilter
{
    private const int ArchitectureOffset = 4;
    private const int NumberOffset = 0;
    private const int FirstArgumentOffset = 16;
    private const int SecondArgumentOffset = 24;

    private const uint AuditX64 = 0xC000003E;
    private const uint AuditArm64 = 0xC00000B7;

    /// <summary>The calls of the x32 ABI have this bit (__X32_SYSCALL_BIT).</summary>
    private const uint X32 = 0x40000000;

    private const uint CloneThread = 0x10000;
    private const uint PushIntoTerminal = 0x5412;   // TIOCSTI
    private const uint PasteIntoTerminal = 0x541C;   // TIOCLINUX
    private const uint NormalPolicy = 0;   // SCHED_OTHER, which the runtime gives to threads that it starts
    private static readonly uint[] Families = [1, 2, 10, 16];   // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, by which the C library asks for addresses

    private const uint Allow = 0x7FFF0000;
    private const uint KillProcess = 0x80000000;
    private const uint Fail = 0x00050000;

    // BPF_LD | BPF_W | BPF_ABS, BPF_JMP with BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET, all with a constant, and BPF_RET
    private const ushort Load = 0x20;
    private const ushort IfEqual = 0x15;
    private const ushort IfGreater = 0x25;
    private const ushort IfNotLess = 0x35;
    private const ushort IfAnyBit = 0x45;
    private const ushort Return = 0x06;

    /// <summary>Whether there is a filter for processors of this kind.</summary>
    internal static bool Knows(Architecture architecture) => architecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Makes the program.</summary>
    /// <param name="architecture">The processor's.</param>
    /// <param name="pid">The process that it is for; it may send signals to itself.</param>
    /// <param name="signalsOthers">Whether it may send signals to others: to the command that it runs, and to the descendants of that.</param>
    /// <param name="more">Calls beside those that are always allowed.</param>
    /// <returns>Its instructions, struct sock_filter each.</returns>
    internal static ulong[] Build(Architecture architecture, int pid, bool signalsOthers, IEnumerable<SystemCall> more)
    {
        List<ulong> program = [];
        program.Add(Instruction(Load, ArchitectureOffset));
        program.Add(Instruction(IfEqual, architecture == Architecture.Arm64 ? AuditArm64 : AuditX64, 1, 0));

        // Calls of 32-bit programs have other numbers, and the list says nothing of them. There are none here.
        program.Add(Instruction(Return, KillProcess));
        program.Add(Instruction(Load, NumberOffset));
        if (architecture == Architecture.X64)
        {
            program.Add(Instruction(IfNotLess, X32, 0, 1));
            program.Add(Instruction(Return, Fail | Libc.ErrorNoSystemCall));
        }

        AddArgument(FirstArgumentOffset, SystemCalls.Clone, IfAnyBit, [CloneThread], Allow, Fail | Libc.ErrorNotPermitted);
        AddArgument(FirstArgumentOffset, SystemCalls.Socket, IfEqual, Families, Allow, Fail | Libc.ErrorNoAddressFamily);
        AddArgument(SecondArgumentOffset, SystemCalls.IoControl, IfEqual, [PushIntoTerminal, PasteIntoTerminal], Fail | Libc.ErrorNotPermitted, Allow);
        AddArgument(SecondArgumentOffset, SystemCalls.SetScheduler, IfEqual, [NormalPolicy], Allow, Fail | Libc.ErrorNotPermitted);
        AddArgument(FirstArgumentOffset, SystemCalls.KillThread, IfEqual, [(uint)pid], Allow, Fail | Libc.ErrorNotPermitted);
        if (!signalsOthers)
        {
            AddArgument(FirstArgumentOffset, SystemCalls.Kill, IfEqual, [(uint)pid], Allow, Fail | Libc.ErrorNotPermitted);
        }

        IEnumerable<SystemCall> allowed = SystemCalls.Always.Concat(more);
        if (signalsOthers)
        {
            allowed = allowed.Append(SystemCalls.Kill);
        }

        // In ascending order: what is below a range has been allowed before, or is not allowed.
        foreach ((uint first, uint last) in Ranges([.. allowed.Select(call => call.On(architecture)).Where(static number => number >= 0).Order()]))
        {
            program.Add(Instruction(IfNotLess, first, 0, 2));
            program.Add(Instruction(IfGreater, last, 1, 0));
            program.Add(Instruction(Return, Allow));
        }

        // Threads are started by it first, and by clone, whose flags can be looked at, if it is not there.
        program.Add(Instruction(IfEqual, (uint)SystemCalls.CloneByStructure.On(architecture), 1, 0));
        program.Add(Instruction(IfGreater, SystemCalls.LastKnown, 0, 1));
        program.Add(Instruction(Return, Fail | Libc.ErrorNoSystemCall));
        program.Add(Instruction(Return, Fail | Libc.ErrorNotPermitted));
        return [.. program];

        // If it is this call: one outcome if its argument compares with any of these values, another if it does not.
        void AddArgument(uint offset, SystemCall call, ushort comparison, ReadOnlySpan<uint> values, uint match, uint otherwise)
        {
            program.Add(Instruction(IfEqual, (uint)call.On(architecture), 0, values.Length + 3));
            program.Add(Instruction(Load, offset));
            for (int i = 0; i < values.Length; i++)
            {
                program.Add(Instruction(comparison, values[i], values.Length - i, 0));
            }

            program.Add(Instruction(Return, otherwise));
            program.Add(Instruction(Return, match));
        }
    }

    /// <summary>Puts the filter before all threads of this process, which need PR_SET_NO_NEW_PRIVS for it. It stays, and can only be added to.</summary>
    /// <returns>Why it cannot be, in a few words; null if it is there.</returns>
    internal static unsafe string? TryInstall(ulong[] program)
    {
        fixed (ulong* instructions = program)
        {
            Libc.FilterProgram filter = new() { Length = (ushort)program.Length, Instructions = instructions };
            nint result = Libc.Filter(Libc.FilterNumber, Libc.FilterSet, Libc.FilterAllThreads, &filter);
            return result == 0 ? null
                : result > 0 ? "threads have different filters"
                : Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Asks whether a filter could be put up, without doing it: whether the kernel can make calls fail, and lets this process ask for it (4.14).</summary>
    /// <returns>Why it could not be, in a few words; null if it could.</returns>
    internal static unsafe string? WhyRefused()
    {
        uint action = Fail;
        return Libc.Filter(Libc.FilterNumber, Libc.FilterHasAction, 0, &action) == 0 ? null : Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    private static IEnumerable<(uint First, uint Last)> Ranges(int[] numbers)
    {
        for (int start = 0, end; start < numbers.Length; start = end)
        {
            for (end = start + 1; end < numbers.Length && numbers[end] <= numbers[end - 1] + 1; end++)
            {
            }

            yield return ((uint)numbers[start], (uint)numbers[end - 1]);
        }
    }

    // struct sock_filter: code, jump if true, jump if false, constant; little-endian as both architectures.
    private static ulong Instruction(ushort code, uint constant, int ifTrue = 0, int ifFalse = 0) =>
        code | ((ulong)(byte)ifTrue << 16) | ((ulong)(byte)ifFalse << 24) | ((ulong)constant << 32);
}
