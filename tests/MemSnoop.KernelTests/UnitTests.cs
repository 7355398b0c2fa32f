namespace MemSnoop.KernelTests;

/// <summary>Services, scopes and slices of a real systemd with version 2 of the control groups: whose a process is, from its first sample to its last.</summary>
[LongTier(Scenario)]
public sealed class UnitTests(PackageBoot boot) : IClassFixture<PackageBoot>
{
    private const string Scenario = "units-under-systemd";

    private ScenarioResult Units => boot["units"];

    /// <summary>Each row: name, pid, unit, container; <c>-</c> for none.</summary>
    private string[][] Started => [.. Units.Text("started").Split('\n').Select(static line => line.Split(' '))];

    private IEnumerable<(int Scrape, ExpositionSample Sample)> Seen => Units.Text("seen").Split('\n').Select(static line => line.Split(' ', 2))
        .Select(static parts => (int.Parse(parts[0]), ExpositionSample.Parse(parts[1] + " 0")));

    [Fact]
    public void Every_sample_of_a_process_has_its_unit_and_its_container()
    {
        Dictionary<string, string[]> started = Started.ToDictionary(static row => row[1]);
        int samples = 0;
        int scrapes = 0;
        foreach (IGrouping<string, (int Scrape, ExpositionSample Sample)> process in Seen.GroupBy(static seen => seen.Sample.Label("pid")!).Where(process => started.ContainsKey(process.Key)))
        {
            string[] row = started[process.Key];
            (string, string, string, string) right = (row[0], Text(row[2]), Text(row[3]), "");
            Assert.All(process, seen => Assert.Equal(
                right, (row[0], seen.Sample.Label("unit")!, seen.Sample.Label("container_id")!, seen.Sample.Label("pod")!)));
            samples += process.Count();
            scrapes += process.DistinctBy(static seen => seen.Scrape).Count();
        }

        Measured.Note(Scenario, FormattableString.Invariant($"{Started.Length} units and scopes, {scrapes} scrapes while they ran, {samples} samples: all with the right unit and container"));
    }

    [Fact]
    public void Every_one_of_them_was_seen_with_a_window()
    {
        HashSet<string> windows = [.. Seen.Where(static seen => seen.Sample.Name == "memsnoop_process_working_set_bytes").Select(static seen => seen.Sample.Label("pid")!)];
        Assert.Equal(
            ["delegated", "docker", "kubernetes", "monitor", "podman", "scope", "session", "template", "transient", "user"], Started.Select(static row => row[0]).Order(StringComparer.Ordinal));
        Assert.All(Started, row => Assert.Contains(row[1], windows));
    }

    [Fact]
    public void The_first_scrape_after_the_end_has_nothing_of_it()
    {
        Assert.Equal("", Units.Text("left"));
        Assert.DoesNotContain("comm=\"touch\"", Units.Text("last"), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_moved_while_it_is_watched_gets_its_new_unit_in_all_series()
    {
        ExpositionSample[] moved = [.. Units.Text("moved").Split('\n').Select(static line => ExpositionSample.Parse(line + " 0"))];
        Assert.NotEmpty(moved);
        Assert.All(moved, static sample => Assert.Equal("session-8.scope", sample.Label("unit")));
    }

    private static string Text(string word) => word == "-" ? "" : word;
}
