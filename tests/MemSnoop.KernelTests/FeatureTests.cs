namespace MemSnoop.KernelTests;

public sealed class FeatureBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["features"];

    protected override IReadOnlyList<string> Arguments => ["--append", "numa=fake=2"];
}

/// <summary>What other scenarios build on is really there: an option that compiled need not work.</summary>
public sealed class FeatureTests(FeatureBoot boot) : IClassFixture<FeatureBoot>
{
    [Theory]
    [InlineData("numa")]
    [InlineData("numa-balancing")]
    [InlineData("mglru")]
    [InlineData("damon")]
    [InlineData("ksm")]
    [InlineData("fuse")]
    [InlineData("psi")]
    [InlineData("large-folios")]
    [InlineData("cgroup-memory")]
    [InlineData("hugetlb")]
    [InlineData("swap")]
    [InlineData("referenced")]
    [InlineData("pid-namespace")]
    public void It_works(string feature) => Assert.Contains(feature, boot["features"].Text("works.txt").Split('\n'));
}
