using System.Globalization;
using System.Text;

namespace MemSnoop.KernelTests;

/// <summary>
/// What a server would have stored if a run of some minutes had taken days: each second of the run stands for <see cref="Factor"/> of them. Times, ages and counters of seconds
/// are stretched, bytes are what they are. A scrape is repeated until the next one, as a server sees it that scrapes more often than windows end.
/// </summary>
/// <param name="scrapes">What was scraped, with the seconds since the begin of the run, in their order.</param>
/// <param name="workloads">Workloads of one pod each, which is named after them.</param>
internal sealed class StretchedHistory(IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes, IReadOnlyList<string> workloads)
{
    /// <summary>Half an hour for a second: six days for five minutes.</summary>
    public const int Factor = 1800;

    // A query finds a sample for five minutes, and a rate over five minutes needs two.
    private const int Interval = 120;

    /// <summary>The begin of 2026. A fixed time: what the rules make of a run does not depend on when they are asked.</summary>
    private const long Epoch = 1767225600;

    // What no rule asks for only takes time.
    private static readonly string[] Names = ["memory_used", "working_set", "memory_kernel", "memory_usage", "memory_limit", "memory_swap", "memory_pressure", "memory_refaults", "reaccessed"];

    /// <summary>When it begins, in seconds since the Unix epoch.</summary>
    public long Begin { get; } = At(scrapes[0].Seconds);

    /// <summary>When it ends.</summary>
    public long End { get; } = At(scrapes[^1].Seconds);

    /// <summary>All samples, as OpenMetrics.</summary>
    public void Write(string path)
    {
        string[][] lines = [.. scrapes.Select(Stretch)];
        string[] owners =
        [
            .. workloads.Select(static name => $$"""kube_pod_owner{namespace="lab",pod="{{name}}-0",owner_kind="StatefulSet",owner_name="{{name}}",owner_is_controller="true"} 1"""),
        ];
        using StreamWriter writer = new(path);
        int last = 0;
        for (long time = Begin; time <= End; time += Interval)
        {
            while (last + 1 < scrapes.Count && At(scrapes[last + 1].Seconds) <= time)
            {
                last++;
            }

            foreach (string line in lines[last].Concat(owners))
            {
                writer.Write(line);
                writer.Write(' ');
                writer.Write(time);
                writer.Write('\n');
            }
        }

        writer.Write("# EOF\n");
    }

    private static long At(double seconds) => Epoch + (long)(seconds * Factor);

    private static string[] Stretch((double Seconds, Scrape Scrape) scrape) => [.. scrape.Scrape.Samples.Where(IsAskedFor).Select(Stretch)];

    private static bool IsAskedFor(ExpositionSample sample) =>
        Names.Any(name => sample.Name.StartsWith($"memsnoop_container_{name}_", StringComparison.Ordinal)) || (sample.Name == "memsnoop_container_memory_idle_bytes" && sample.Label("age") == "0");

    private static string Stretch(ExpositionSample sample)
    {
        StringBuilder line = new($"{sample.Name}{{job=\"memsnoop\",instance=\"lab\"");
        foreach ((string name, string value) in sample.Labels)
        {
            line.Append(CultureInfo.InvariantCulture, $",{name}=\"{(name == "age" ? Times(double.Parse(value, CultureInfo.InvariantCulture)) : value)}\"");
        }

        bool isTime = sample.Name.EndsWith("_seconds_total", StringComparison.Ordinal);
        return line.Append(CultureInfo.InvariantCulture, $"}} {(isTime ? Times(sample.Number) : sample.Value)}").ToString();
    }

    private static string Times(double seconds) => (seconds * Factor).ToString("R", CultureInfo.InvariantCulture);
}
