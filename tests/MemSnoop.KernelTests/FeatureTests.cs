namespace MemSnoop.KernelTests;


/// <summary>What other scenarios build on is really there: an option that compiled need not work.</summary>
public sealed class FeatureTests(TruthBoot boot) : IClassFixture<TruthBoot>
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
