namespace MemSnoop.KernelTests;

/// <summary>
/// The boot of all scenarios that want nothing special of the machine: a start of the emulator costs as much as most of them. The guest puts
/// settings back after each, so they do not disturb each other.
/// </summary>
public sealed class GeneralBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios =>
        ["smoke", "kinds", "apart", "floor", "engine", "phases", "shared", "limits", "rights", "killed", "sparse", "trace", "hung", "page"];

    // ext4 keeps single pages in the page cache (until Linux 6.16).
    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--filesystem", "ext4"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(30);
}

/// <summary>XFS keeps large folios in the page cache (since Linux 5.18).</summary>
public sealed class XfsBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["kinds", "folios"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--filesystem", "xfs"];
}
