namespace MemSnoop.KernelTests;

/// <summary>Two emulated memory nodes and a disk: what can make memory look used or unused.</summary>
public sealed class TruthBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["cases", "aging", "first", "hosts", "features"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(30);
}

/// <summary>Others who take accessed bits: for the long tier.</summary>
public sealed class ReadersBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["readers", "damon", "numa"];

    protected override IReadOnlyList<string> Arguments => ["--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(40);
}

/// <summary>Windows of several lengths: for the long tier.</summary>
public sealed class WindowsBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["windows"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);
}

/// <summary>So little memory that the kernel reclaims: for the long tier.</summary>
public sealed class PressureBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["pressure"];

    protected override IReadOnlyList<string> Arguments => ["--memory", "768"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>The same without debugfs: the generations are at work, and nobody can see them.</summary>
public sealed class BlindBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["pressure"];

    protected override IReadOnlyList<string> Arguments => ["--memory", "768", "--append", "debugfs=off"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}

/// <summary>Minutes of windows: for the long tier.</summary>
public sealed class LimitedBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["limited"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(40);
}
