namespace MemSnoop.KernelTests;

/// <summary>Two emulated memory nodes and a disk: what can make memory look used or unused.</summary>
public sealed class TruthBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["cases", "aging", "first", "hosts", "features", "generations"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(30);
}
