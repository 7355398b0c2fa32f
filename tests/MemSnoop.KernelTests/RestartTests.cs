using System.Globalization;
using System.Text.RegularExpressions;

namespace MemSnoop.KernelTests;

/// <summary>60 of 100 MB are left alone, 40 touched again and again. The exporter is restarted beside that, in all the ways in which that happens.</summary>
public sealed partial class RestartTests(AgesBoot boot) : IClassFixture<AgesBoot>
{
    private const double Mb = 1 << 20;

    /// <summary>The exporter's own view of what the program's code, stack and libraries add.</summary>
    private const double Slack = 2.5;

    [Fact]
    public void After_an_orderly_end_idle_memory_is_as_old_as_it_is_at_once()
    {
        Assert.Equal("none", Outcome("first"));
        Assert.Equal("continued", Outcome("continued"));
        Assert.InRange(Idle("continued", 30)!.Value, 60 - Slack, 60 + Slack);
        Assert.InRange(Used("continued"), 40 - 0.4, 40 + Slack);
        Assert.InRange(Idle("continued", 0)!.Value, 100, 100 + (2 * Slack));
        Assert.Contains("idle ages go on that were left ", boot["restarts"].Text("exporter.log"));
    }

    [Fact]
    public void The_file_is_the_exporters_alone_and_used_once()
    {
        Assert.Matches(@"(?m)^-rw------- +1 (0|root) .* ages$", boot["restarts"].Text("left-files.txt"));
        Assert.DoesNotContain("ages", boot["restarts"].Text("continued-files.txt"));
    }

    [Fact]
    public void What_is_accessed_while_no_exporter_runs_is_in_the_window()
    {
        Assert.Equal("continued", Outcome("gap"));
        Assert.InRange(Used("gap"), 70 - 0.7, 70 + Slack);
        Assert.InRange(Idle("gap", 30)!.Value, 30 - Slack, 30 + Slack);
    }

    [Fact]
    public void It_goes_on_ageing() => Assert.InRange(Idle("later", 90)!.Value, 30 - Slack, 30 + Slack);

    [Theory]
    [InlineData("killed", "none")]
    [InlineData("beside", "none")]
    [InlineData("damaged", "damaged")]
    public void Otherwise_ages_begin_anew(string how, string outcome)
    {
        Assert.Equal(outcome, Outcome(how));
        Assert.Null(Idle(how, 30));
        Assert.InRange(Idle(how, 0)!.Value, 100, 100 + (2 * Slack));
        Assert.InRange(Used(how), 70 - 0.7, 70 + Slack);
    }

    private string Outcome(string scrape) => OutcomeLine().Match(boot["restarts"].Text($"{scrape}.txt")).Groups[1].Value;

    /// <summary>Megabytes that have been idle for so long; null where there is no such number.</summary>
    private double? Idle(string scrape, int age)
    {
        string[] lines = [.. Lines(scrape, "memsnoop_process_idle_bytes").Where(line => line.Contains($"age=\"{age}\"", StringComparison.Ordinal))];
        return lines.Length == 0 ? null : Value(Assert.Single(lines));
    }

    private double Used(string scrape) => Lines(scrape, "memsnoop_process_working_set_bytes").Sum(Value);

    private IEnumerable<string> Lines(string scrape, string name) => boot["restarts"].Text($"{scrape}.txt").Split('\n').Where(line => line.StartsWith(name + "{", StringComparison.Ordinal));

    private static double Value(string line) => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture) / Mb;

    [GeneratedRegex("(?m)^memsnoop_working_set_ages_info\\{outcome=\"([a-z_]*)\"\\} 1$")]
    private static partial Regex OutcomeLine();
}
