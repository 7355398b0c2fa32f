namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="KernelOptions"/>.</summary>
internal static class KernelSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<string>("Kernel:ProcFs", Syntax.ProcFs, o => o.Kernel.ProcFs, (o, v) => o.Kernel.ProcFs = v)
        {
            Options = ["--procfs", "--path.procfs"],
            Help = "Mount point of procfs; /host/proc in many containers.",
        },
        new ScalarSetting<string>("Kernel:SysFs", Syntax.Directory, o => o.Kernel.SysFs, (o, v) => o.Kernel.SysFs = v)
        {
            Options = ["--sysfs", "--path.sysfs"],
            Help = "Mount point of sysfs.",
        },
    ];
}
