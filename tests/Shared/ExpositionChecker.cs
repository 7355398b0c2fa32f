using System.Text.RegularExpressions;

namespace MemSnoop.Testing;

/// <summary>
/// Finds in an exposition what a server would refuse, and what it would silently get wrong: promtool accepts interleaved families and
/// duplicate series, this does not.
/// </summary>
public static partial class ExpositionChecker
{
    private static readonly string[] MetadataOrder = ["TYPE", "UNIT", "HELP"];

    /// <summary>Checks a whole text; the list is empty when nothing is wrong with it.</summary>
    public static IReadOnlyList<string> Check(string text, bool openMetrics)
    {
        List<string> complaints = [];
        CheckFrame(text, openMetrics, complaints);
        HashSet<string> families = new(StringComparer.Ordinal);
        HashSet<string> counters = new(StringComparer.Ordinal);
        HashSet<string> series = new(StringComparer.Ordinal);
        Family? family = null;
        foreach (string line in Lines(text))
        {
            if (line == "# EOF" && openMetrics)
            {
                continue;
            }

            if (line.StartsWith('#'))
            {
                ReadMetadata(line);
            }
            else
            {
                ReadSample(line);
            }
        }

        foreach (string clash in counters.SelectMany(name => new[] { name + "_total", name + "_created" }).Where(families.Contains))
        {
            complaints.Add($"family that bears the name of a counter's samples: {clash}");
        }

        return complaints;

        void ReadMetadata(string line)
        {
            Match match = MetadataLine().Match(line);
            if (!match.Success)
            {
                complaints.Add($"neither metadata nor sample: {line}");
                return;
            }

            (string keyword, string name, string rest) = (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
            if (family?.Name != name)
            {
                if (!families.Add(name))
                {
                    complaints.Add($"family in pieces: {line}");
                }

                if (family is { Name: var before } && string.CompareOrdinal(before, name) > 0 && before is not ("target" or "target_info"))
                {
                    complaints.Add($"family out of order behind {before}: {line}");
                }

                if (keyword != "TYPE")
                {
                    complaints.Add($"a family begins with its TYPE: {line}");
                }

                family = new Family(name);
            }

            CheckMetadata(family, keyword, rest, line);
        }

        void CheckMetadata(Family current, string keyword, string rest, string line)
        {
            int place = Array.IndexOf(MetadataOrder, keyword);
            if (place <= current.Metadata || current.HasSamples)
            {
                complaints.Add($"metadata twice or out of order: {line}");
            }

            current.Metadata = place;
            switch (keyword)
            {
                case "TYPE":
                    current.Type = rest;
                    if (rest == "counter" && openMetrics)
                    {
                        counters.Add(current.Name);
                    }

                    string[] types = openMetrics ? ["counter", "gauge", "info", "unknown"] : ["counter", "gauge", "untyped"];
                    if (!types.Contains(rest))
                    {
                        complaints.Add($"unknown type: {line}");
                    }

                    break;
                case "UNIT" when !openMetrics || !current.Name.EndsWith("_" + rest, StringComparison.Ordinal):
                    complaints.Add($"UNIT where there is none, or not the family's last word: {line}");
                    break;
                case "HELP" when !(openMetrics ? OpenMetricsHelp() : TextHelp()).IsMatch(rest):
                    complaints.Add($"wrong escape: {line}");
                    break;
            }
        }

        void ReadSample(string line)
        {
            ExpositionSample sample;
            try
            {
                sample = ExpositionSample.Parse(line);
            }
            catch (FormatException error)
            {
                complaints.Add(error.Message);
                return;
            }

            if (family is null || !family.Holds(sample.Name, openMetrics))
            {
                complaints.Add($"sample outside its family {family?.Name}: {line}");
            }
            else
            {
                family.HasSamples = true;
            }

            if (!series.Add(sample.Identity))
            {
                complaints.Add($"series twice: {line}");
            }

            if (family?.Type == "counter" && !(sample.Number >= 0))
            {
                complaints.Add($"counter that is no total: {line}");
            }

            if (sample.Name.Contains(':', StringComparison.Ordinal) || (openMetrics && sample.Name.StartsWith('_')))
            {
                complaints.Add($"reserved name: {line}");
            }
        }
    }

    /// <summary>The samples of a text, in order.</summary>
    public static IReadOnlyList<ExpositionSample> Samples(string text)
    {
        return [.. Lines(text).Where(line => !line.StartsWith('#')).Select(ExpositionSample.Parse)];
    }

    private static void CheckFrame(string text, bool openMetrics, List<string> complaints)
    {
        if (text.StartsWith('\uFEFF'))
        {
            complaints.Add("byte order mark");
        }

        if (text.Length > 0 && !text.EndsWith('\n'))
        {
            complaints.Add("last line without line feed");
        }

        if (text.Contains("\r\n", StringComparison.Ordinal))
        {
            complaints.Add("carriage return at the end of a line");
        }

        if (text.StartsWith('\n') || text.Contains("\n\n", StringComparison.Ordinal))
        {
            complaints.Add("empty line");
        }

        int eof = text.Split('\n').Count(line => line == "# EOF");
        if (openMetrics ? eof != 1 || !text.EndsWith("# EOF\n", StringComparison.Ordinal) : eof != 0)
        {
            complaints.Add(openMetrics ? "OpenMetrics ends with one # EOF" : "# EOF in the text format");
        }
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Where(line => line.Length > 0);

    private sealed class Family(string name)
    {
        public string Name { get; } = name;

        public string? Type { get; set; }

        public int Metadata { get; set; } = -1;

        public bool HasSamples { get; set; }

        public bool Holds(string sample, bool openMetrics) => (openMetrics, Type) switch
        {
            (true, "counter") => sample == Name + "_total" || sample == Name + "_created",
            (true, "info") => sample == Name + "_info",
            _ => sample == Name,
        };
    }

    [GeneratedRegex("^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$", RegexOptions.Singleline)]
    private static partial Regex MetadataLine();

    [GeneratedRegex("""^([^\\]|\\\\|\\n)*$""", RegexOptions.Singleline)]
    private static partial Regex TextHelp();

    [GeneratedRegex("""^([^\\"]|\\\\|\\n|\\")*$""", RegexOptions.Singleline)]
    private static partial Regex OpenMetricsHelp();
}
