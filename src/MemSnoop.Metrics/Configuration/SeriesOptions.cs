using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>How many series there are: which processes have some of their own, and how many there may be together.</summary>
public sealed class SeriesOptions
{
    /// <summary>
    /// How many processes have series of their own, those with most resident memory first; 0 for none. The others still count in the totals of containers. Default value:
    /// <see cref="int.MaxValue"/>, all of them.
    /// </summary>
    public int PerProcess { get; set; } = int.MaxValue;

    /// <summary>
    /// The most series there may be: what is of single processes is left out first, what is of containers last. Default value: 0, no limit.
    /// </summary>
    public int Max { get; set; }

    /// <summary>
    /// The names of instruments for which the semantic conventions of OpenTelemetry have one: <c>memsnoop.process.cpu.time</c>, or <c>process.cpu.time</c>. Default value:
    /// <see cref="InstrumentNames.MemSnoop"/>.
    /// </summary>
    public InstrumentNames Names { get; set; }

    /// <summary>
    /// Labels of <c>memsnoop.process.info</c> that are taken from the command line of a process: the name of the label, and an expression whose first group is its value. Command
    /// lines can hold secrets. Default value: none.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, Regex>> InfoLabels { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];
}

/// <summary>Whose names instruments have that have two.</summary>
public enum InstrumentNames
{
    /// <summary>Those of MemSnoop, which dashboards and rules of this project use.</summary>
    MemSnoop,

    /// <summary>Those of OpenTelemetry's semantic conventions, with their units and attributes.</summary>
    SemanticConventions,
}

/// <summary>The settings of <see cref="SeriesOptions"/>.</summary>
internal static partial class SeriesSettings
{
    private const string Top = "top=";

    private static readonly ValueSyntax<int> Processes = new(
        "PROCESSES", "a choice of processes", "off, all, or top=N for the N largest processes", TryParseProcesses,
        static most => most == int.MaxValue ? "all" : most == 0 ? "off" : FormattableString.Invariant($"{Top}{most}"))
    {
        Words = ["off", "all"],
    };

    private static readonly ValueSyntax<InstrumentNames> Names = Syntax.Words(
        "NAMES", "a choice of names", ("memsnoop", InstrumentNames.MemSnoop), ("semconv", InstrumentNames.SemanticConventions));

    private static readonly ValueSyntax<KeyValuePair<string, Regex>> InfoLabel = new(
        "NAME=REGEX", "a label", @"NAME=REGEX with a group, such as app=--app[= ](\S+)", TryParseLabel, static label => $"{label.Key}={label.Value}");

    /// <summary>Labels that series of processes have by themselves, and those that a scraper adds.</summary>
    private static readonly HashSet<string> Taken = ["comm", "container", "container_id", "exe", "group", "instance", "job", "namespace", "pid", "pod", "unit", "user"];

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, int>("Series:PerProcess", Processes, o => o.Series.PerProcess, (o, v) => o.Series.PerProcess = v)
        {
            Options = ["--per-process"],
            Help = "Which processes have series of their own: all, the N largest (top=N), or none (off). Totals stay complete.",
        },
        new ScalarSetting<MemSnoopOptions, int>(
            "Series:Max", Syntax.Integer("COUNT", "a number of series", 0, 100_000_000), o => o.Series.Max, (o, v) => o.Series.Max = v)
        {
            Options = ["--max-series"],
            Help = "Publish at most this many series: leave out processes first, containers last; 0 means no limit.",
        },
        new ScalarSetting<MemSnoopOptions, InstrumentNames>("Series:Names", Names, o => o.Series.Names, (o, v) => o.Series.Names = v)
        {
            Options = ["--names"],
            Help = "Names of what OpenTelemetry's semantic conventions know too: memsnoop's own, or theirs (semconv).",
        },
        new ListSetting<MemSnoopOptions, KeyValuePair<string, Regex>>("Series:InfoLabels", InfoLabel, o => o.Series.InfoLabels, (o, v) => o.Series.InfoLabels = v)
        {
            Options = ["--info-label"],
            Help = "Give memsnoop_process_info this label: what the expression's first group matches in the command line. Mind secrets there.",
            Check = static labels => labels.CountBy(static label => label.Key).FirstOrDefault(static name => name.Value > 1).Key is string twice ? $"names {twice} twice" : null,
            CheckExpected = "each label once",
        },
    ];

    private static bool TryParseProcesses(string text, out int value, ref string? problem)
    {
        value = text.Equals("all", StringComparison.OrdinalIgnoreCase) ? int.MaxValue : 0;
        if (value > 0 || text.Equals("off", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return text.StartsWith(Top, StringComparison.OrdinalIgnoreCase)
            && int.TryParse(text.AsSpan(Top.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out value)
            && value is > 0 and < int.MaxValue;
    }

    private static bool TryParseLabel(string text, out KeyValuePair<string, Regex> value, ref string? problem)
    {
        value = default;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return false;
        }

        string name = text[..equals];
        if (!LabelName().IsMatch(name))
        {
            problem = $"{UsageException.Quote(name)} is not a name of letters, digits and '_'";
            return false;
        }

        if (Taken.Contains(name) || name.StartsWith("__", StringComparison.Ordinal))
        {
            problem = $"the label {name} has a meaning already";
            return false;
        }

        if (!Syntax.Regex.Parser(text[(equals + 1)..], out Regex expression, ref problem))
        {
            return false;
        }

        if (expression.GetGroupNumbers().Length < 2)
        {
            problem = $"{UsageException.Quote(expression.ToString())} has no group in parentheses";
            return false;
        }

        value = new(name, expression);
        return true;
    }

    // https://prometheus.io/docs/concepts/data_model/
    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]{0,99}\\z")]
    private static partial Regex LabelName();
}
