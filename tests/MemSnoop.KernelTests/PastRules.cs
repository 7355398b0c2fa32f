using System.Text.RegularExpressions;

namespace MemSnoop.KernelTests;

/// <summary>The recording rules of <c>deploy/prometheus/rules</c>, evaluated by Prometheus over a past that is in its store, as if they had been there from its begin on.</summary>
internal static partial class PastRules
{
    // No block longer than this; by default they are two hours, and days take minutes.
    private const string Block = "--max-block-duration=168h";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>Fills a store with a past and with all that the rules record of it.</summary>
    /// <param name="store">An empty directory.</param>
    /// <param name="history">The past.</param>
    public static async Task RecordAsync(string store, StretchedHistory history)
    {
        using TemporaryDirectory files = new();
        history.Write(files["history"]);
        await Command.RunAsync("promtool", ["tsdb", "create-blocks-from", "--quiet", Block, "openmetrics", files["history"], store], Deadline);

        // The tool evaluates each rule for itself, over what the server knows: those first which others build on.
        foreach (IGrouping<int, Rule> level in Levels())
        {
            string file = files.Write("rules.yml", "groups:\n  - name: level\n    interval: 3m\n    rules:\n" + string.Concat(level.Select(static rule => rule.Text)));
            await using PrometheusServer server = await PrometheusServer.StartAsync("", store: store);
            await Command.RunAsync(
                "promtool",
                ["tsdb", "create-blocks-from", "--quiet", Block, "rules", $"--start={history.Begin}", $"--end={history.End}", $"--url=http://{server.Authority}", $"--output-dir={store}", file],
                Deadline);
        }
    }

    private static IEnumerable<IGrouping<int, Rule>> Levels()
    {
        Rule[] rules =
        [
            .. from file in Directory.GetFiles(Path.Combine(Checkout.Root, "deploy", "prometheus", "rules"), "*.yml")
               from Match rule in RecordingRule().Matches(File.ReadAllText(file))
               select new Rule(rule.Groups["name"].Value, rule.Value),
        ];
        Dictionary<string, string[]> uses = rules.GroupBy(static rule => rule.Name).ToDictionary(
            static group => group.Key,
            group => group.SelectMany(static rule => RecordedName().Matches(rule.Text)).Select(static match => match.Value).Where(name => name != group.Key && rules.Any(rule => rule.Name == name)).ToArray());
        return rules.GroupBy(rule => LevelOf(rule.Name)).OrderBy(static level => level.Key);

        int LevelOf(string name) => 1 + uses[name].Select(LevelOf).DefaultIfEmpty(0).Max();
    }

    /// <param name="Name">The series that it records.</param>
    /// <param name="Text">Its lines.</param>
    private sealed record Rule(string Name, string Text);

    // A rule ends where another one, or another group, begins.
    [GeneratedRegex("""^      - record: (?<name>\S+)\n(?:        .*\n|\n|      #.*\n)*""", RegexOptions.Multiline)]
    private static partial Regex RecordingRule();

    [GeneratedRegex("[a-z_]+:[a-z0-9_]+:[a-z0-9_]+")]
    private static partial Regex RecordedName();
}
