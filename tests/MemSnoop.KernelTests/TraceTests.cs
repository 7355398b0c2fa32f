using System.Globalization;
using System.Text.Json;
using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.KernelTests;

/// <summary>The pages that a trace records are those that the programs say they touch, window by window.</summary>
public sealed class TraceTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    // Between the end of a window and the time stamp of its sample lies the walk over the process.
    private const double MarginSeconds = 0.2;
    private const int PageBytes = 4096;

    // The lab's memory ends inside a word of the bitmap, which the kernel therefore does not answer for: up to 32 frames, and a process may have been given them.
    private const ulong MostUntracked = 32;

    [Theory]
    [InlineData("single", 0, null)]
    [InlineData("single", 1, 0)]
    [InlineData("single", 2, null)]
    [InlineData("double", 0, null)]
    [InlineData("double", 1, 0)]
    [InlineData("double", 2, 1)]
    [InlineData("double", 3, null)]
    public void Recorded_pages_are_those_of_the_array_that_the_phase_accesses(string program, int phase, int? accessed)
    {
        ScenarioResult result = boot["trace"];
        PageTrace trace = PageTrace.Load(result.File($"{program}.pages"), out PageTraceLoss? loss);
        IReadOnlyList<JsonElement> samples = result.Lines($"{program}.jsonl");
        IReadOnlyList<JsonElement> said = result.Lines($"{program}.json");
        Assert.Null(loss);
        Assert.Equal((program, PageBytes, samples.Count), (trace.Comm, trace.PageBytes, trace.Samples.Count));

        int windows = 0;
        for (int i = 0; i < samples.Count; i++)
        {
            if (!IsWithin(samples[i], trace.Samples[i].Window, said, phase))
            {
                continue;
            }

            windows++;
            ulong untracked = samples[i].GetProperty("used").GetProperty("untracked_bytes").GetUInt64() / PageBytes;
            PageRange[] arrays = [.. said[0].GetProperty("arrays").EnumerateArray().Select(Range)];
            for (int array = 0; array < arrays.Length; array++)
            {
                PageRangeSet expected = array == accessed ? Set(arrays[array]) : PageRangeSet.Empty;
                PageRangeSet active = trace.Samples[i].Active.Intersect(Set(arrays[array]));
                PageRangeSet different = expected.SymmetricExcept(active);
                Assert.Empty(active.Except(expected).Ranges.ToArray());

                // What is missing, if anything, is what the sample itself says it could not track.
                Assert.True(different.Count <= Math.Min(untracked, MostUntracked), $"Sample {i}: {different.Count} pages differ ({different}), {untracked} were untracked.");
            }

            // The working set of the same windows, and the areas that it lies in.
            ulong used = samples[i].GetProperty("used").GetProperty("used_bytes").GetUInt64();
            Assert.Equal(used, trace.Samples[i].Active.Count * PageBytes);
            Assert.All(trace.Samples[i].Active.Ranges.ToArray(), active => Assert.Contains(
                trace.Samples[i].Areas, area => area.Start <= active.FirstPage * PageBytes && active.FirstPage * PageBytes < area.End));
        }

        Assert.True(windows >= 1, $"No window lies within phase {phase}.");
    }

    [Fact]
    public void Setting_huge_pages_says_what_was_and_what_is()
    {
        ScenarioResult result = boot["trace"];
        Assert.Equal($"transparent huge pages: {Mode("thp-before.txt")} -> never", result.Text("thp.txt"));
        Assert.Equal("never", Mode("thp-after.txt"));

        string Mode(string file) => result.Text(file).Split('[', ']')[1];
    }

    [Fact]
    public void A_second_trace_of_pages_is_told_that_the_bitmap_is_taken()
    {
        Assert.Equal("2", boot["trace"].Text("second-code.txt"));
        Assert.Matches("^memsnoop: --pages: process [0-9]+ \\(memsnoop trace, since [^)]*\\) takes accessed bits and holds the lock of .*bitmap; .*$", boot["trace"].Text("second.txt"));
    }

    [Fact]
    public void A_trace_that_was_killed_can_be_read_up_to_its_last_sample()
    {
        PageTrace trace = PageTrace.Load(boot["trace"].File("busy.pages"), out PageTraceLoss? loss);
        Assert.NotNull(loss);
        Assert.True(trace.Samples.Count >= boot["trace"].Lines("busy.jsonl").Count);
        Assert.All(trace.Samples, static sample => Assert.InRange(sample.Active.Count, 1024UL, 1400UL));
    }

    private static bool IsWithin(JsonElement sample, TimeSpan window, IReadOnlyList<JsonElement> said, int phase)
    {
        double end = (sample.GetProperty("time").GetDateTimeOffset() - DateTimeOffset.UnixEpoch).TotalSeconds;
        double start = end - window.TotalSeconds;
        double began = Wall("start") ?? double.PositiveInfinity;
        return start - MarginSeconds >= began && end <= (Wall("end") ?? double.PositiveInfinity);

        double? Wall(string what) => said.Where(line => line.GetProperty("phase").GetInt32() == phase && line.GetProperty("event").GetString() == what)
            .Select(static line => (double?)(line.GetProperty("wall_ns").GetInt64() / 1e9)).FirstOrDefault();
    }

    private static PageRange Range(JsonElement array)
    {
        ulong start = ulong.Parse(array[0].GetString()!, NumberStyles.HexNumber);
        ulong end = ulong.Parse(array[1].GetString()!, NumberStyles.HexNumber);
        ulong first = start / PageBytes;
        return new PageRange(first, ((end + PageBytes - 1) / PageBytes) - first);
    }

    private static PageRangeSet Set(PageRange range)
    {
        PageRangeSet.Builder builder = new();
        builder.Add(range.FirstPage, range.Count);
        return builder.Build();
    }
}
