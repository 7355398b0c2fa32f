using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Large folios of a file system's page cache: used as a whole, which the documentation says.</summary>
public sealed class FolioTests(XfsBoot boot) : IClassFixture<XfsBoot>
{
    private const double Mb = WorkingSetTruth.Mb;

    [Fact]
    public void What_is_read_is_at_most_the_folios_that_it_lies_in()
    {
        ScenarioResult folios = boot["folios"];
        (double begin, double end) = WorkingSetTruth.Time(folios.Last("target.json"));
        IReadOnlyList<PublishedWindow> windows = new Recording(folios, "passes.json").OfProcess(folios.Last("target.json").GetProperty("pid"));
        new WorkingSetTruth { Uses = [new(begin, end, 30 * Mb / 32, "0"), new(begin, end, 30 * Mb, "0", MayBeMissed: true)] }.AssertKept("folios", windows);
    }
}
