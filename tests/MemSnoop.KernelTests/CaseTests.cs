using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>
/// What can make memory look used or unused, case by case, with the multi-generational LRU on: right, or within the bracket, or absent, or as documented; in all
/// windows, and memory is never said to be idle for longer than it was.
/// </summary>
public sealed class CaseTests(TruthBoot boot) : IClassFixture<TruthBoot>
{
    private const double Mb = WorkingSetTruth.Mb;
    private const string Touch = "touch 0 0 20";

    private readonly Recording _recording = new(boot["cases"], "passes.json");

    public static TheoryData<string> Cases =>
    [
        "still", "plain", "cold", "free", "migrated", "touched-migrated", "collapsed", "touched-collapsed", "merged", "merged-read", "hole", "equal", "down", "up",
        "twin", "forked", "peek", "direct", "twice", "leaderless", "holes", "khugepaged", "read", "send", "second", "child-reads", "populate",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_window_keeps_the_rule(string name) => Truth(name).AssertKept(name, _recording.OfProcess(Pid(name)));

    [Theory]
    [InlineData("twin")]
    [InlineData("forked")]
    public void Every_window_of_a_container_keeps_the_rule(string name) =>
        Truth(name, isContainer: true).AssertKept(name, _recording.OfContainer(boot["cases"].Text($"{name}-container.txt")));

    [Theory]
    [InlineData("twin")]
    [InlineData("forked")]
    public void Every_window_of_a_child_keeps_the_rule(string name)
    {
        (double begin, double end) = Act(name, "fork", "twin");
        WorkingSetTruth truth = name == "twin" ? Truth(name) : new() { Uses = [new(begin, end, 20 * Mb), new(begin, end, 30 * Mb, "copied", MayBeMissed: true)] };
        truth.AssertKept(name, _recording.OfProcess(boot["cases"].Last($"{name}.json").GetProperty("child")));
    }

    // What is moved and not used stays as idle as it was. A window later its age is above the band in any case, and one that began with the move would not be.
    [Theory]
    [InlineData("down", "move", 28)]
    [InlineData("up", "move", 28)]
    public void Ages_belong_to_memory_and_not_to_its_address(string name, string act, double mb)
    {
        (_, double end) = Act(name, act);
        PublishedWindow[] after = [.. _recording.OfProcess(Pid(name)).Where(window => window.EarliestEnd > end + 3 && window.EarliestEnd < end + 9 && window.Idle.ContainsKey(8))];
        Assert.NotEmpty(after);
        Assert.All(after, window => Assert.True(window.Idle[8] >= mb * Mb, $"{name}: {window}"));
    }

    [Fact]
    public void A_process_whose_main_thread_ended_is_measured_on()
    {
        (_, double end) = Act("leaderless", "leaderless");
        PublishedWindow[] after = [.. _recording.OfProcess(Pid("leaderless")).Where(window => window.LatestStart > end)];
        Assert.True(after.Length >= 1 && after.Any(static window => !window.IsAbsent), "no window after the main thread's end");
    }

    [Fact]
    public void One_scrape_shows_one_pass() => Assert.Empty(_recording.MixedPasses());

    [Fact]
    public void What_is_absent_is_counted()
    {
        int absent = Cases.Sum(row => _recording.OfProcess(Pid(row.Data)).Count(static window => window.IsAbsent));
        Assert.True(absent <= _recording.Skipped(), $"{absent} windows without a number, {_recording.Skipped()} counted");
        Assert.Equal(0, _recording.Errors);
    }

    private JsonElement Pid(string name) => boot["cases"].Last($"{name}.json").GetProperty("pid");

    /// <summary>When a program did what begins with one of the words.</summary>
    private (double Begin, double End) Act(string name, params string[] beginnings) => WorkingSetTruth.Time(
        boot["cases"].Lines($"{name}.json").Last(line => beginnings.Any(beginning => line.GetProperty("doing").GetString()!.StartsWith(beginning, StringComparison.Ordinal))));

    private WorkingSetTruth Truth(string name, bool isContainer = false)
    {
        switch (name)
        {
            case "plain" or "cold" or "free" or "touched-migrated" or "twice":
                return Once(Touch, 20);
            case "touched-collapsed":
                (double begin, double end) = Act(name, Touch);
                return new() { Uses = [new(begin, end, 20 * Mb), new(begin, end, 30 * Mb, MayBeMissed: true)] };
            case "collapsed":
                return Once("advise", 30, mayBeMissed: true);
            case "merged":
                // The pages are merged within the next windows.
                return new() { Uses = [Act(name, "advise") is var merged ? new(merged.Begin, merged.End + 10, 30 * Mb, MayBeMissed: true) : default] };
            case "khugepaged":
                return new() { Uses = [new(Act(name, "advise").Begin, double.PositiveInfinity, 30 * Mb, MayBeMissed: true)] };
            case "merged-read":
                return Once("skim", 30, mayBeMissed: true);
            case "hole":
                return Once(Touch, 20);
            case "equal":
                (double Begin, double End) touched = Act(name, Touch), mapped = Act(name, "free");
                return new() { Uses = [new(touched.Begin, touched.End, 20 * Mb, "0"), new(mapped.Begin, mapped.End, 20 * Mb, "2")] };
            case "twin" or "leaderless":
                return new() { Always = 20 * Mb, AlwaysFrom = Act(name, "keep").End };
            case "forked":
                // What parent and child have had in common is copied when the parent writes to it again: there are two of it.
                (double Begin, double End) forked = Act(name, "fork");
                return new()
                {
                    Always = 10 * Mb,
                    AlwaysFrom = Act(name, "keep").End,
                    Uses = isContainer ? [new(forked.Begin, forked.End, 20 * Mb), new(forked.Begin, forked.End, 10 * Mb, "copied", MayBeMissed: true)] : [],
                };
            case "peek" or "direct":
                return Once(name, 20, mayBeMissed: true);
            case "second" or "child-reads":
                return Once(name, 10, mayBeMissed: true);
            case "populate":
                return Once("populate", 20, mayBeMissed: true);
            case "read" or "send":
                return Once(name, 10);
            default:
                return new();
        }

        WorkingSetTruth Once(string act, double mb, bool mayBeMissed = false)
        {
            (double begin, double end) = Act(name, act);
            return new() { Uses = [new(begin, end, mb * Mb, MayBeMissed: mayBeMissed)] };
        }
    }
}
