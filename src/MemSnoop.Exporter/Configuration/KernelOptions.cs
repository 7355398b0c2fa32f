namespace MemSnoop.Exporter.Configuration;

/// <summary>Where the kernel's file systems are mounted; a container sees its host's under another path.</summary>
internal sealed class KernelOptions
{
    /// <summary>Mount point of procfs. Default value: /proc.</summary>
    public string ProcFs { get; set; } = "/proc";

    /// <summary>Mount point of sysfs. Default value: /sys.</summary>
    public string SysFs { get; set; } = "/sys";
}
