using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>DAMON has a machine of its own: what it does disturbs all other windows.</summary>
public sealed class EstimateBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["estimate"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(8);
}

/// <summary>
/// The method damon. From Linux 6.18 on it counts every page; before that it is right within the error that it tells; before 6.7 it says why it does not work. A stranger's
/// kdamond is never touched, and a killed exporter's does not stay.
/// </summary>
public sealed class EstimateTests(EstimateBoot boot) : IClassFixture<EstimateBoot>
{
    private const double Mb = 1 << 20;
    private const double HotMb = 40;

    /// <summary>What the program's own code, stack and libraries need, and 1 % of what is touched.</summary>
    private const double OwnMb = 1;
    private const double ToleranceMb = 0.4;

    private ScenarioResult Result => boot["estimate"];

    private Version Kernel => Version.Parse(Result.Text("kernel.txt").Split('-', '+')[0]);

    private bool IsSupported => Kernel >= new Version(6, 7);

    private bool IsExact => Kernel >= new Version(6, 18);

    [Fact]
    public void A_kernel_that_cannot_is_told_in_one_line_and_with_exit_code_2()
    {
        JsonElement found = Finding("check.json");
        if (IsSupported)
        {
            Assert.Equal("ok", found.GetProperty("reason").GetString());
            Assert.Contains(IsExact ? "every page" : "samples", found.GetProperty("detail").GetString());
            return;
        }

        Assert.Contains(found.GetProperty("reason").GetString(), (string[])["no_kernel_option", "old_kernel"]);
        Assert.Equal("2", Result.Text("small-wss.code"));
        Assert.Single(Result.Text("small-wss.err").Split('\n'));
        Assert.Contains("damon does not work here", Result.Text("small-wss.err"));
    }

    [Fact]
    public void The_question_whether_it_works_leaves_nothing_behind() =>
        Assert.Contains(Result.Exists("after-check.txt") ? Result.Text("after-check.txt") : "", (string[])["", "0"]);

    [Theory]
    [InlineData("small")]
    [InlineData("huge")]
    [InlineData("shmem")]
    [InlineData("file")]
    public void The_working_set_is_what_was_touched_within_the_error_that_is_told(string pages)
    {
        if (!IsSupported)
        {
            return;
        }

        JsonElement window = Json($"{pages}-wss.json");
        Assert.Equal(("damon", "none"), (window.GetProperty("method").GetString(), window.GetProperty("disturbance").GetString()));
        double used = Number(window, "used_bytes") / Mb;
        double error = window.TryGetProperty("error_bytes", out JsonElement told) ? told.GetDouble() / Mb : 0;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pages}: {used:F2} MB, error {error:F2}"));
        Assert.Equal(IsExact, error == 0);

        // The emulator is slow, and what DAMON itself needs of the time is part of the error.
        Assert.InRange(error, 0, 40);
        Assert.InRange(used, HotMb - ToleranceMb - error, HotMb + ToleranceMb + OwnMb + error);

        // The lab's files are in memory.
        string kind = pages is "shmem" or "file" ? "shmem" : "anon";
        Assert.InRange(Number(window.GetProperty(kind), "lower_bytes") / Mb, HotMb - ToleranceMb - error, HotMb + ToleranceMb + OwnMb + error);
        Assert.InRange(Number(window, "resident_bytes") / Mb, 200, 206);
    }

    [Fact]
    public void Windows_of_the_exporter_are_right_too_and_idle_memory_has_its_ages()
    {
        if (!IsSupported)
        {
            return;
        }

        int target = Result.Last("target.json").GetProperty("pid").GetInt32();
        Scrape scrape = new(Result.Text("scrape.txt"));
        (string, string)[] labels = [("pid", target.ToString(CultureInfo.InvariantCulture))];
        double used = scrape.Of("memsnoop_process_working_set_bytes", labels).Sum(static sample => sample.Number) / Mb;
        double error = scrape.Of("memsnoop_process_working_set_error_bytes", labels).Sum(static sample => sample.Number) / Mb;
        Assert.Equal(IsExact, error == 0);
        Assert.InRange(used, HotMb - ToleranceMb - error, HotMb + ToleranceMb + OwnMb + error);
        double idle = scrape.Of("memsnoop_process_idle_bytes", [.. labels, ("age", "12")]).Sum(static sample => sample.Number) / Mb;
        Assert.InRange(idle, 160 - ToleranceMb - error, 162 + ToleranceMb + error);
    }

    [Fact]
    public void Nobody_takes_accessed_bits_beside_it()
    {
        if (!IsSupported)
        {
            return;
        }

        Assert.Contains("the exporter measures by damon, not by page_idle", Result.Text("beside.err"));
        Assert.Equal(("in_use", "in_use", "in_use"), (Reason("damon"), Reason("page_idle"), Reason("referenced")));

        string? Reason(string method) => Finding("beside-check.json", method).GetProperty("reason").GetString();
    }

    [Fact]
    public void Kill_leaves_no_kdamond_at_the_next_start()
    {
        if (!IsSupported)
        {
            return;
        }

        // A kernel that counts every page has it switched off between two walks.
        string[] left = Result.Text("left.txt").Split('\n');
        Assert.Equal("1", left[0]);
        Assert.True(IsExact || left[1] == "on", left[1]);
        Assert.Equal(("0", "0"), (Result.Text("left-next.txt"), Result.Text("left-damon.txt")));
        Assert.Equal("damon", Json("target-wss.json").GetProperty("method").GetString());
    }

    [Fact]
    public void A_strangers_kdamond_is_one_reason_and_stays_as_it_was()
    {
        if (!IsSupported)
        {
            return;
        }

        Assert.StartsWith("on\n", Result.Text("stranger.txt"), StringComparison.Ordinal);
        Assert.Equal("2", Result.Text("stranger.code"));
        Assert.Contains("another program has set up kdamonds", Assert.Single(Result.Text("stranger.err").Split('\n')));
        Assert.Equal("others_kdamond", Finding("stranger-check.json").GetProperty("reason").GetString());
        Assert.Equal("referenced", Json("stranger-wss.json").GetProperty("method").GetString());
        Assert.Equal(Result.Text("stranger.txt"), Result.Text("stranger-after.txt"));
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private JsonElement Json(string file) => JsonElement.Parse(Result.Text(file));

    private JsonElement Finding(string file, string method = "damon") => Json(file).GetProperty("findings").EnumerateArray()
        .Single(finding => finding.GetProperty("topic").GetString() == $"working-set by {method}");
}
