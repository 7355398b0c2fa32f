using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>
/// The program executes itself once more after it has given up rights: a capability belongs to a thread, the runtime has threads before <c>Main</c>, and only
/// <c>execve(2)</c> ends them. The process stays the same, with its pid, its children and its open sockets.
/// </summary>
/// <param name="Before">The capabilities that the first start had.</param>
/// <param name="Command">The command that it has prepared, or null.</param>
internal sealed record SecondStart(Capabilities Before, WaitingCommand? Command)
{
    /// <summary>Its value begins with the pid of this process, so what another program inherits or invents is none.</summary>
    private const string Variable = "MEMSNOOP_SECOND_START";

    private static readonly byte[] StopSignals = MakeStopSignals();

    /// <summary>What the first start of this process has left for the second; null in the first.</summary>
    internal static SecondStart? Find(IReadOnlyDictionary<string, string> environment)
    {
        string[] words = environment.GetValueOrDefault(Variable)?.Split(' ') ?? [];
        if (words.Length != 4 || words[0] != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !ulong.TryParse(words[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong before)
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            || !int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor))
        {
            return null;
        }

        return new SecondStart(new Capabilities(before), pid == 0 ? null : WaitingCommand.TakeOver(pid, descriptor));
    }

    /// <summary>Lets the signals through that came since the first start could not heed them any more. Called when they are heeded again.</summary>
    internal static void AdmitSignals() => _ = Libc.SetSignalMask(Libc.SignalsUnblock, StopSignals, new byte[Libc.SignalSetBytes]);

    /// <summary>Executes this program again, with the same arguments and environment. It returns only if that cannot be.</summary>
    /// <param name="commandLine">The arguments, each ended by a NUL, as in <c>/proc/self/cmdline</c>.</param>
    /// <param name="before">The capabilities before any were given up.</param>
    /// <param name="command">The command that waits, or null.</param>
    /// <param name="stop">Set if the program shall end instead.</param>
    /// <returns>Why it cannot be, in a few words.</returns>
    /// <exception cref="OperationCanceledException">The program shall end.</exception>
    internal static unsafe string Execute(ReadOnlySpan<byte> commandLine, Capabilities before, WaitingCommand? command, CancellationToken stop)
    {
        string marker = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {before.Mask:x} {command?.Pid ?? 0} {command?.HandOver() ?? 0}");
        byte[] mask = new byte[Libc.SignalSetBytes];
        _ = Libc.SetEnvironment(Variable, marker, overwrite: 1);

        // What comes from here on waits until the second start heeds it.
        _ = Libc.SetSignalMask(Libc.SignalsBlock, StopSignals, mask);
        try
        {
            stop.ThrowIfCancellationRequested();
            fixed (byte* first = commandLine)
            {
                byte*[] arguments = new byte*[commandLine.Count((byte)0) + 1];
                int at = 0;
                for (int i = 0; i < arguments.Length - 1; i++)
                {
                    arguments[i] = first + at;
                    at += commandLine[at..].IndexOf((byte)0) + 1;
                }

                fixed (byte** vector = arguments)
                {
                    // By its own name first: the kernel names a process after the file that it executes, and this one's name would be "exe".
                    _ = Libc.Execute(Environment.ProcessPath ?? "", vector);
                    _ = Libc.Execute("/proc/self/exe", vector);
                    return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
                }
            }
        }
        finally
        {
            _ = Libc.SetSignalMask(Libc.SignalsSet, mask, new byte[Libc.SignalSetBytes]);
        }
    }

    private static byte[] MakeStopSignals()
    {
        byte[] set = new byte[Libc.SignalSetBytes];
        foreach (int signal in (ReadOnlySpan<int>)[Libc.SignalInterrupt, Libc.SignalTerminate])
        {
            set[(signal - 1) / 8] |= (byte)(1 << ((signal - 1) % 8));
        }

        return set;
    }
}
