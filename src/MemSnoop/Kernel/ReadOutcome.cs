namespace MemSnoop.Kernel;

/// <summary>How an attempt to read a kernel file ended. It is normal that a process exits meanwhile.</summary>
public enum ReadOutcome
{
    /// <summary>The value was read.</summary>
    Success,

    /// <summary>The process has exited, is a zombie, or replaced its address space by <c>execve(2)</c> in the middle of the read. Of a control group: it was removed.</summary>
    ProcessGone,

    /// <summary>The kernel denied access: EACCES or EPERM (<c>ptrace(2)</c>, "Ptrace access mode checking").</summary>
    Denied,

    /// <summary>This kernel, or its configuration, does not offer the file or the value.</summary>
    NotSupported,

    /// <summary>The text is not what <c>proc(5)</c> describes.</summary>
    Malformed,

    /// <summary>The process holds more memory than the configured limit of a method that would stall it.</summary>
    TooLarge,

    /// <summary>The method would hold the process up for longer than the stall budget allows.</summary>
    WouldStall,

    /// <summary>Another program measures this process, by a lock that it holds; two would end each other's windows.</summary>
    InUse,

    /// <summary>It takes more file descriptors than this process may still open (<c>getrlimit(2)</c>, RLIMIT_NOFILE).</summary>
    NoDescriptors,

    /// <summary>Any other error of the system call.</summary>
    Failed,

    /// <summary>The kernel does not answer: the process is in the middle of an exec, or its address space is locked, by a call that waits for something that does not come.</summary>
    Hung,

    /// <summary>There is no processor time for it within the budget.</summary>
    OverBudget,

    /// <summary>Only a share of memory is measured, and too little of what was asked for is in it.</summary>
    SampleTooSmall,
}

/// <summary>The words for outcomes in metrics, logs and reports.</summary>
public static class ReadOutcomes
{
    /// <summary>The outcome as the value of a <c>reason</c> attribute.</summary>
    public static string ToReason(this ReadOutcome outcome) => outcome switch
    {
        ReadOutcome.Success => "success",
        ReadOutcome.ProcessGone => "gone",
        ReadOutcome.Denied => "denied",
        ReadOutcome.NotSupported => "not_supported",
        ReadOutcome.Malformed => "malformed",
        ReadOutcome.TooLarge => "too_large",
        ReadOutcome.WouldStall => "stall",
        ReadOutcome.InUse => "in_use",
        ReadOutcome.NoDescriptors => "descriptors",
        ReadOutcome.Hung => "hung",
        ReadOutcome.OverBudget => "budget",
        ReadOutcome.SampleTooSmall => "sample",
        _ => "failed",
    };

    /// <summary>Whether the outcome is a real error, and not a process that ended or may not be read.</summary>
    public static bool IsError(this ReadOutcome outcome) => outcome is ReadOutcome.Malformed or ReadOutcome.Failed;
}
