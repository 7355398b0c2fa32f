namespace MemSnoop.KernelTests;

/// <summary>A boot with a disk, on which file-backed pages are tried.</summary>
public abstract class FileSystemBoot(KernelLab lab, string fileSystem) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["kinds"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--filesystem", fileSystem];
}

/// <summary>ext4 keeps single pages in the page cache (until Linux 6.16).</summary>
public sealed class Ext4Boot(KernelLab lab) : FileSystemBoot(lab, "ext4");

/// <summary>XFS keeps large folios in the page cache (since Linux 5.18).</summary>
public sealed class XfsBoot(KernelLab lab) : FileSystemBoot(lab, "xfs");
