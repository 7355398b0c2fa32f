namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// Where the kernel's file systems are mounted, and where the programs of a host that measure find each other. A container sees its host's under another path.
/// </summary>
public sealed class KernelOptions
{
    /// <summary>Mount point of procfs. Default value: /proc.</summary>
    public string ProcFs { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = "/proc";

    /// <summary>Mount point of sysfs. Default value: /sys.</summary>
    public string SysFs { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = "/sys";

    /// <summary>
    /// Where those who measure working sets lock each other out, and where <c>memsnoop serve</c> answers others on its host. It is made if need be. Default
    /// value: /run/memsnoop.
    /// </summary>
    public string RunDir { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = Kernel.KernelPaths.DefaultRunDirectory;
}

/// <summary>The settings of <see cref="KernelOptions"/>.</summary>
internal static class KernelSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, string>("Kernel:ProcFs", Syntax.ProcFs, o => o.Kernel.ProcFs, (o, v) => o.Kernel.ProcFs = v)
        {
            Options = ["--procfs", "--path.procfs"],
            Help = "Mount point of procfs; /host/proc in many containers.",
        },
        new ScalarSetting<MemSnoopOptions, string>("Kernel:SysFs", Syntax.Directory, o => o.Kernel.SysFs, (o, v) => o.Kernel.SysFs = v)
        {
            Options = ["--sysfs", "--path.sysfs"],
            Help = "Mount point of sysfs.",
        },
        new ScalarSetting<MemSnoopOptions, string>("Kernel:RunDir", Syntax.FuturePath, o => o.Kernel.RunDir, (o, v) => o.Kernel.RunDir = v)
        {
            Options = ["--run-dir"],
            Help = "Directory for locks and the socket, the same for all memsnoops of a host.",
        },
    ];
}
