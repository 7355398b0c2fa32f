using MemSnoop.Kernel;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>What a measurement asks of the kernel: a file, or a system call.</summary>
/// <param name="Name">A path as in proc(5), where PID and TID stand for numbers; for a call its name.</param>
/// <param name="Access">What is done with it.</param>
/// <param name="Capabilities">What a reader with user id 0 and no other right needs for processes of other users.</param>
internal sealed record KernelSource(string Name, KernelAccess Access, params IReadOnlyList<Capability> Capabilities)
{
    /// <summary>The method or provider that alone needs it; null when every way of measuring does.</summary>
    internal string? Method { get; init; }

    /// <summary>The version of Linux from which on the capabilities are not needed; null when they always are.</summary>
    internal Version? CapabilitiesUntil { get; init; }

    /// <summary>A file below the sysfs root without which this kernel does not have the source either; null where there is no such sign.</summary>
    internal string? Sign { get; init; }

    /// <summary>Whether its capabilities are needed on this host.</summary>
    internal bool IsGuarded(KernelPaths paths) =>
        (CapabilitiesUntil is null || Environment.OSVersion.Version < CapabilitiesUntil) && (Sign is null || Path.Exists(paths.Sys(Sign)));
}

/// <summary>How a kernel source is used.</summary>
internal enum KernelAccess
{
    /// <summary>The file is read.</summary>
    Read,

    /// <summary>The file is written.</summary>
    Write,

    /// <summary>The file is read and written.</summary>
    ReadWrite,

    /// <summary>The system call is made.</summary>
    Call,
}

/// <summary>A right beside those of user 0; the value is its bit in <c>CapEff:</c> (<c>capabilities(7)</c>).</summary>
internal enum Capability
{
    /// <summary>Write files whose mode forbids it.</summary>
    DacOverride = 1,

    /// <summary>Read files whose mode forbids it.</summary>
    DacReadSearch = 2,

    /// <summary>Send signals to processes of other users.</summary>
    Kill = 5,

    /// <summary>Listen on a port below 1024.</summary>
    NetBindService = 10,

    /// <summary>Look into processes of other users (<c>ptrace(2)</c>, "Ptrace access mode checking").</summary>
    SysPtrace = 19,

    /// <summary>See frame numbers in pagemap.</summary>
    SysAdmin = 21,

    /// <summary>Count events of any process.</summary>
    PerfMon = 38,
}

/// <summary>The words under which sources are shown.</summary>
internal static class KernelSourceWords
{
    /// <summary>The kernel's name of the right.</summary>
    internal static string ToWord(this Capability capability) => capability switch
    {
        Capability.DacOverride => "CAP_DAC_OVERRIDE",
        Capability.DacReadSearch => "CAP_DAC_READ_SEARCH",
        Capability.Kill => "CAP_KILL",
        Capability.NetBindService => "CAP_NET_BIND_SERVICE",
        Capability.SysPtrace => "CAP_SYS_PTRACE",
        Capability.SysAdmin => "CAP_SYS_ADMIN",
        _ => "CAP_PERFMON",
    };

    internal static string ToWord(this KernelAccess access) => access switch
    {
        KernelAccess.Read => "read",
        KernelAccess.Write => "write",
        KernelAccess.ReadWrite => "read_write",
        _ => "call",
    };
}
