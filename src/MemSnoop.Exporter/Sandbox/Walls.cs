using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>
/// Puts up the walls of this process: no capability that no measurement needs, no new privileges by executing programs, no system call that it has no use for. One for
/// the process; where a command runs within another program, as in tests, there is none.
/// </summary>
/// <param name="second">What the first start has left, or null in the first.</param>
internal sealed class Walls(SecondStart? second)
{
    /// <summary>The command that the first start has prepared; null if there is none, or this is the first start.</summary>
    internal WaitingCommand? Command => second?.Command;

    /// <summary>
    /// Gives up what is not needed. It does not return if that ends in the second start. What cannot be done here is told and left out: whoever can do less
    /// than the walls ask for is not kept from measuring.
    /// </summary>
    /// <param name="needed">What the configuration needs.</param>
    /// <param name="files">The files that were read. What was read from a pipe cannot be read again.</param>
    /// <param name="command">The command that waits, or null.</param>
    /// <param name="stop">Set if the program shall end instead.</param>
    /// <exception cref="OperationCanceledException">The program shall end.</exception>
    internal Confinement Raise(NeededRights needed, IEnumerable<string> files, WaitingCommand? command, CancellationToken stop)
    {
        Capabilities permitted = ThreadRights.Permitted;
        Capabilities kept = needed.Of(permitted);
        List<string> problems = [];
        if (second is null && kept != permitted)
        {
            problems.Add(files.FirstOrDefault(static file => FileStamp.Of(file) is { IsPipe: true }) is { } pipe
                ? $"{pipe} is a pipe, which a second start could not read again, so all capabilities are kept"
                : BeginAgain(permitted, kept, command, stop));
        }

        if (!ThreadRights.DenyNew())
        {
            problems.Add("the kernel does not know PR_SET_NO_NEW_PRIVS");
        }

        string? unfiltered = Filter(needed, kept, command is not null);
        if (unfiltered is not null)
        {
            problems.Add($"system calls are not filtered: {unfiltered}");
        }

        return new Confinement(second?.Before ?? permitted, Capabilities.OfThisProcess(), needed.Calls, unfiltered is null, problems);
    }

    /// <summary>What would become of the rights that this process has. Nothing is given up.</summary>
    /// <param name="needed">What the configuration needs.</param>
    internal static Confinement Plan(NeededRights needed)
    {
        Capabilities permitted = ThreadRights.Permitted;
        string? unfiltered = WhyUnfiltered ?? SystemCallFilter.WhyRefused();
        return new Confinement(permitted, needed.Of(permitted), needed.Calls, unfiltered is null, unfiltered is null ? [] : [$"system calls are not filtered: {unfiltered}"]);
    }

    private static string? WhyUnfiltered =>
        SystemCallFilter.Knows(RuntimeInformation.ProcessArchitecture) ? null : $"there is no list of those of {RuntimeInformation.ProcessArchitecture}";

    private static string? Filter(NeededRights needed, Capabilities kept, bool hasCommand)
    {
        if (WhyUnfiltered is { } reason)
        {
            return reason;
        }

        IEnumerable<SystemCall> more =
            SystemCalls.Measuring.Where(call => needed.Calls.Contains(call.Name)).Concat(kept.HasSystemAdmin ? SystemCalls.Mounting : []);
        return SystemCallFilter.TryInstall(SystemCallFilter.Build(RuntimeInformation.ProcessArchitecture, Environment.ProcessId, hasCommand, more));
    }

    private static string BeginAgain(Capabilities before, Capabilities kept, WaitingCommand? command, CancellationToken stop)
    {
        KernelBuffer buffer = new();
        ReadOutcome outcome = KernelFile.ReadToEnd("/proc/self/cmdline", buffer, out ReadOnlySpan<byte> commandLine);
        return outcome != ReadOutcome.Success ? $"/proc/self/cmdline cannot be read ({outcome.ToReason()}), so all capabilities are kept"
            : !ThreadRights.TryKeepOnly(kept) ? "the kernel refuses to take capabilities away"
            : $"the program cannot be executed again ({SecondStart.Execute(commandLine, before, command, stop)}), so its threads keep all capabilities";
    }
}
