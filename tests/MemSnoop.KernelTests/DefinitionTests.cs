using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>
/// What counts as working set: each case by each method. Produces the table of <c>docs/working-set.md</c>: <c>tests/measured.sh</c> puts it there.
/// </summary>
public sealed class DefinitionTests(DefinitionsBoot boot) : IClassFixture<DefinitionsBoot>
{
    private const string Scenario = "definitions";
    private const double Mb = WorkingSetTruth.Mb;

    // The program's code, stack and libraries.
    private const double OwnMb = 1.5;

    /// <param name="Name">As in the scenario.</param>
    /// <param name="Text">For people.</param>
    /// <param name="Used">MB of the process's resident memory that were accessed within the window.</param>
    /// <param name="PageIdle">Why page_idle says otherwise, or nothing.</param>
    /// <param name="Referenced">Why referenced says otherwise, or nothing.</param>
    private sealed record Case(string Name, string Text, double Used, Known PageIdle = Known.Right, Known Referenced = Known.Right);

    private enum Known
    {
        /// <summary>Right, or the truth within the bracket.</summary>
        Right,

        /// <summary>More than was used: an access by the kernel or by another process, or a large folio, looks like use.</summary>
        More,

        /// <summary>Less than was used: it leaves no trace.</summary>
        Less,
    }

    private static readonly Case[] Cases =
    [
        new("touched", "20 of 30 MB written once", 20),
        new("rested", "30 MB resident, not touched", 0),
        new("gone", "20 MB written, then unmapped: not resident at the end, so not counted", 0),
        new("huge", "one byte read of each huge page of 30 MB: a page counts as a whole", 30),
        new("hugetlb", "20 MB of hugetlbfs written: never in the working set, has a number of its own", 0),
        new("swapped-out", "30 MB moved to swap: not resident any more", 0),
        new("swapped-in", "20 of 30 MB read back from swap", 20),
        new("twice", "20 MB of shared memory written, mapped twice by one process: counts once", 20),
        new("other", "20 of 30 MB of shared memory read by another process, which then ends", 0, Referenced: Known.More),
        new("mapped", "10 MB of a mapped file read in memory", 10),
        new("read", "10 MB of a mapped file read by read(2)", 10),
        new("populated", "20 MB of a file mapped with MAP_POPULATE, not touched", 0, PageIdle: Known.More, Referenced: Known.More),
        new("direct", "20 MB read past the page cache (O_DIRECT) into 30 MB", 20, PageIdle: Known.Less),
        new("migrated", "30 MB moved to another memory node, not touched", 0),
        new("collapsed", "30 MB made into huge pages (collapse), not touched", 0, Referenced: Known.More),
        new("merged", "every 256th page of 30 MB read, all merged by KSM into one page: page_idle counts it wherever it is mapped", 0.1, PageIdle: Known.More),
        new("cold", "20 MB written, then MADV_COLD for 30 MB", 20),
    ];

    [LongTier(Scenario)]
    [Fact]
    public void Each_method_says_what_is_documented()
    {
        StringBuilder table = new("| what happens within the window | used | `page_idle` | `referenced` |\n|---|---:|---:|---:|\n");
        List<string> complaints = [];
        foreach (Case each in Cases)
        {
            string pageIdle = Cell(each, "page_idle", each.PageIdle, complaints);
            string referenced = Cell(each, "referenced", each.Referenced, complaints);
            table.Append(CultureInfo.InvariantCulture, $"| {each.Text} | {each.Used:0.#} | {pageIdle} | {referenced} |\n");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(table.ToString());
        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
        File.WriteAllText(Path.Combine(Checkout.Root, "artifacts", "definitions.md"), table.ToString());
        Measured.Note(Scenario, $"{Cases.Length} cases by both methods: the table in working-set.md");
    }

    private string Cell(Case each, string method, Known known, List<string> complaints)
    {
        JsonElement answer = JsonElement.Parse(boot["definitions"].Text($"{each.Name}-{method}-wss.json"));
        double lower = Number(answer, "lower_bytes") / Mb;
        double upper = Number(answer, "upper_bytes") / Mb;
        string reason = answer.GetProperty("disturbance").GetString()!;
        string cell = answer.TryGetProperty("used_bytes", out _)
            ? lower.ToString("0.0", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{lower:0.0} to {upper:0.0} (`{reason}`)");

        // A bracket's sides may be what the frames that nobody answers for add and take.
        double tolerance = 0.4 + (each.Used * 0.02);
        bool isBelow = upper < each.Used - tolerance;
        bool isAbove = lower > each.Used + tolerance + OwnMb;
        if (isBelow != (known == Known.Less) || isAbove != (known == Known.More))
        {
            complaints.Add($"{each.Name} by {method}: {each.Used} MB used, {cell}, and it is documented as {known}");
        }

        return cell;
    }

    private static double Number(JsonElement answer, string name) => answer.GetProperty(name).GetDouble();
}

/// <summary>Two emulated memory nodes, a disk, and nobody beside: for the long tier.</summary>
public sealed class DefinitionsBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["definitions"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "100", "--append", "numa=fake=2"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(15);
}
