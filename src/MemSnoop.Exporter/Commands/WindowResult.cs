using MemSnoop.Exporter.LocalApi;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>What became of the window of one process.</summary>
/// <param name="Process">The process.</param>
/// <param name="Window">Its window, if there is one.</param>
/// <param name="Reason">Why there is none, as one word like those of metrics; empty if there is one.</param>
/// <param name="Problem">The same as an error line.</param>
internal readonly record struct WindowResult(TrackedProcess Process, WindowAnswer? Window, string Reason, UsageException? Problem)
{
    internal static WindowResult Of(TrackedProcess process, WindowAnswer window) => new(process, window, "", null);

    /// <summary>Of a measurement by this process.</summary>
    internal static WindowResult Failed(TrackedProcess process, ReadOutcome outcome, WorkingSetOptions options) => new(process, null, outcome.ToReason(), outcome switch
    {
        ReadOutcome.ProcessGone => new UsageException("PID", $"process {process} ended before its window", "a process that runs longer"),
        ReadOutcome.Denied => Denied(process),
        ReadOutcome.TooLarge => new UsageException(
            "PID",
            $"process {process} holds more than {options.ReferencedMaxResident}, and the referenced method would stall it",
            "a smaller process, or a larger --referenced-max-resident"),
        ReadOutcome.WouldStall => new UsageException(
            "PID", $"the referenced method would hold process {process} up for longer than {Duration.Format(options.MaxStall)}", "a smaller process, or a larger --max-stall"),
        _ => new UsageException("PID", $"process {process} cannot be measured ({outcome.ToReason()})", "what memsnoop check lists as working"),
    });

    /// <summary>Root is told what root can do about it.</summary>
    private static UsageException Denied(TrackedProcess process) =>
        Libc.EffectiveUserId() != 0 ? new UsageException("PID", $"the kernel does not let this user read process {process}", "root, or a process of this user")
        : Capabilities.OfThisProcess().HasPtrace ? new UsageException("PID", $"the kernel lets nobody here read process {process}, not even root", "another process: this one is protected by its own rights or by a security module")
        : new UsageException("PID", $"the kernel does not let this process read process {process}: it has no CAP_SYS_PTRACE", "CAP_SYS_PTRACE, as for docker run --cap-add SYS_PTRACE");
}
