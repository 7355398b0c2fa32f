using System.Xml.Linq;

namespace MemSnoop.KernelTests;

/// <summary>The scenarios of the lab on further kernels: the oldest and the newest of a Debian release beside the one that all other runs boot.</summary>
public sealed class SeriesTests
{
    private const string Scenario = "kernels";

    private static readonly string[] Series = ["6.1", "6.12", "7.2"];

    /// <summary>What is tried on each, as the table names it, and the tests that do.</summary>
    private static readonly (string Row, string[] Classes)[] Tried =
    [
        ("exactness by page size", [nameof(EngineTests), nameof(Ext4PageKindTests), nameof(XfsPageKindTests), nameof(FolioTests), nameof(SparseTests), nameof(ApartTests)]),
        ("shared memory and groups", [nameof(SharedMemoryTests)]),
        ("short windows and traces", [nameof(FirstWindowTests), nameof(TraceTests)]),
        ("idle ages, also across restarts", [nameof(AgesTests), nameof(RestartTests)]),
        ("aging by the multi-generational LRU", [nameof(AgingTests)]),
        ("second readers, DAMON, NUMA balancing", [nameof(ReaderTests)]),
        ("working sets by DAMON", [nameof(EstimateTests)]),
        ("control groups by generation", [nameof(GenerationsTests)]),
        ("containers by kpagecgroup", [nameof(ChargedTests)]),
        ("formats of the kernel's files", [nameof(SmokeTests), nameof(FeatureTests), nameof(HostTests)]),
    ];

    /// <summary>What a kernel does otherwise, and the tests that find it.</summary>
    private static readonly (string Series, string Test, string Why)[] Differences =
    [
        ("6.1", "EngineTests.The_working_set_is_what_was_touched(pages: \"folios64k\")", "6.1 has no anonymous folios but those of a page and of 2 MB: 6.8 brought the others."),
        ("6.1", "FeatureTests.It_works(feature: \"large-folios\")", "6.1 has no anonymous folios but those of a page and of 2 MB: 6.8 brought the others."),
        ("6.1", "XfsPageKindTests.The_page_cache_has_large_folios", "6.1 writes files into the page cache page by page: 6.6 brought large folios for it."),
        ("6.1", "SparseTests.The_working_set_is_what_was_touched(space: \"reserved\")", "6.1 has no PAGEMAP_SCAN: an area of 64 TiB is left out, and counted as `too_large`. 6.7 brought it."),
    ];

    [Fact]
    [LongTier(Scenario)]
    public async Task What_holds_on_one_kernel_holds_on_the_others()
    {
        List<KernelRun> runs = [];
        foreach (string series in Series)
        {
            runs.Add(await KernelRun.OfAsync(series, Tried.SelectMany(static row => row.Classes)));

            // After each: three kernels take an hour.
            WriteTable(runs);
        }

        Measured.Note(Scenario, string.Join("; ", runs.Select(static run => $"{run.Kernel}: {run.Tests.Count(static test => test.HasPassed)} of {run.Tests.Count} tests")));
        Assert.All(runs, static run => Assert.All(Tried.SelectMany(static row => row.Classes), name => Assert.Contains(run.Tests, test => test.Class == name)));
        string[] unexpected =
        [
            .. runs.SelectMany(static run => run.Tests
                .Where(test => test.HasPassed == IsDifference(run, test))
                .Select(test => $"{run.Kernel}: {test.Name}: {test.Failure ?? "passes, and is listed as a difference"}")),
        ];
        Assert.True(unexpected.Length == 0, string.Join('\n', unexpected));
    }

    private static bool IsDifference(KernelRun run, KernelTest test) => Differences.Any(known => known.Series == run.Series && known.Test == test.Name);

    private static void WriteTable(List<KernelRun> runs) => File.WriteAllLines(
        Path.Combine(Checkout.Root, "artifacts", "kernels.md"),
        [
            $"| | {string.Join(" | ", runs.Select(static run => run.Kernel))} |",
            $"|---|{string.Concat(runs.Select(static _ => "---|"))}",
            .. Tried.Select(row => $"| {row.Row} | {string.Join(" | ", runs.Select(run => Cell(run, row.Classes)))} |"),
            .. Differences.Length == 0 ? Array.Empty<string>() : ["", .. Differences.DistinctBy(static known => known.Why).Select(static known => $"- {known.Why}")],
        ]);

    private static string Cell(KernelRun run, string[] classes)
    {
        KernelTest[] tests = [.. run.Tests.Where(test => classes.Contains(test.Class))];
        int passed = tests.Count(static test => test.HasPassed);
        if (passed == tests.Length)
        {
            return $"holds ({passed} tests)";
        }

        bool areKnown = tests.All(test => test.HasPassed || IsDifference(run, test));
        return $"{passed} of {tests.Length} tests{(areKnown ? ", see below" : "")}";
    }
}

/// <summary>A test on another kernel.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Name">Class, method and arguments.</param>
/// <param name="Failure">What its failure says; null if it has passed.</param>
internal sealed record KernelTest(string Class, string Name, string? Failure)
{
    public bool HasPassed => Failure is null;
}

/// <summary>Tests of this assembly that have run on another kernel, in a process of their own.</summary>
/// <param name="Series">The series of the kernel.</param>
/// <param name="Kernel">Its version, as Debian names it.</param>
/// <param name="Tests">The tests.</param>
internal sealed record KernelRun(string Series, string Kernel, IReadOnlyList<KernelTest> Tests)
{
    // Of an emulator that has the machine for itself, a quarter of it.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(80);

    public static async Task<KernelRun> OfAsync(string series, IEnumerable<string> classes)
    {
        string report = Path.Combine(KernelLab.Output, $"kernel-{series}.xml");
        Directory.CreateDirectory(KernelLab.Output);
        File.Delete(report);
        string image = (await Command.RunAsync(Path.Combine(KernelLab.Scripts, "build-kernel.sh"), [series], Deadline)).Trim();
        CommandResult result = await Command.TryRunAsync(
            "env",
            [$"{KernelLab.SeriesVariable}={series}", Environment.ProcessPath!, "-noColor", "-noLogo", "-xml", report, .. classes.SelectMany(static name => (string[])["-class", $"MemSnoop.KernelTests.{name}"])],
            Deadline);
        Assert.True(File.Exists(report), result.Output + result.Error);
        return new KernelRun(
            series,
            (await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(image)!, "version"))).Trim(),
            [
                .. XDocument.Load(report).Descendants("test").Select(static test => new KernelTest(
                    ((string)test.Attribute("type")!).Split('.')[^1],
                    ((string)test.Attribute("name")!).Replace("MemSnoop.KernelTests.", "", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal),
                    (string)test.Attribute("result")! == "Pass" ? null : ((string?)test.Descendants("message").FirstOrDefault() ?? "did not run").Split('\n')[0])),
            ]);
    }
}
