using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop trace</c>: follows one process closely, measurement by measurement and, where the kernel allows it, page by page.</summary>
internal sealed partial class TraceCommand : MemSnoopCommand
{
    private static readonly string MeasureExpected =
        $"measurements ({string.Join(", ", TraceColumns.Words)}) separated by commas, each once or as NAME=MEASUREMENT under a name of its own";

    private static readonly NamedMeasurement[] DefaultMeasurements = ParseMeasurements("timestamp,process-io,statm")!;

    // From the shortest time that timers keep to one that nobody will wait for.
    private static readonly ValueSyntax<Duration> Period = Syntax.Duration(new Duration(1), Duration.FromSeconds(86_400));
    private static readonly ValueSyntax<Duration> Length = Syntax.Duration(new Duration(1), Duration.FromSeconds(365 * 86_400));
    private static readonly ValueSyntax<string> File = new("FILE", "a file", "the name of a file", TryParseFile, static path => path);

    private readonly TextOption<int> _pid = new("--pid", "Follow this process.", Syntax.Pid);
    private readonly TextOption<Duration> _every = new("--every", "Time between samples; late ones are skipped. (default:\u00a01s)", Period);
    private readonly TextOption<int> _count = new("--count", "End after so many samples.", Syntax.Integer("N", "a number of samples", 1, int.MaxValue));
    private readonly TextOption<Duration> _for = new("--for", "End after this time; otherwise when the process ends.", Length);
    private readonly TextOption<string> _output = new("--output", "Write to a file instead of standard output: JSON lines in .jsonl, CSV in .csv.", File);
    private readonly TextOption<string> _pages = new("--pages", "Record the active pages of each sample here, for memsnoop report; needs page_idle.", File);

    private readonly TextOption<NamedMeasurement[]> _measure = new(
        "--measure",
        $"What to measure, in this order; NAME=MEASUREMENT names a column. Measurements: {string.Join(", ", TraceColumns.Words)}. (default:\u00a0timestamp,process-io,statm)",
        new ValueSyntax<NamedMeasurement[]>("LIST", "a list of measurements", MeasureExpected, TryParseMeasurements, static list => string.Join(',', list)));

    private readonly TextOption<TraceFormat> _format = new(
        "--format", "table, jsonl or csv; else what the name of the file says.",
        new ValueSyntax<TraceFormat>("FORMAT", "a format", "one of table, jsonl, csv", TryParseFormat, static format => format.ToString()));

    private readonly Option<bool> _pause = new("--pause")
    {
        Arity = ArgumentArity.Zero,
        Description = "Stop the process while it is measured. A guard lets it run again whatever happens to memsnoop.",
    };

    public TraceCommand()
        : base(
            "trace", "Follow one process closely, sample by sample.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || CountersSettings.All.Contains(setting)
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        foreach (Option option in (Option[])[_pid, _measure, _every, _count, _for, _pause, _output, _format, _pages])
        {
            Add(option);
        }
    }

    public override string Usage => "trace (--pid PID | -- COMMAND [ARG...]) [OPTIONS]";

    public override bool TakesChild => true;

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop trace --pid 1234 --every 1s --count 60", "a minute of process 1234, once a second"),
        ("memsnoop trace --pages run.pages --output run.csv -- ./my-program", "a program from start to end, with every page it uses"),
    ];

    public override void CheckArguments(ParseResult arguments) => _ = Read(arguments);

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        TraceRequest request = Read(invocation.Arguments);
        bool hasChild = invocation.Child.Length > 0;
        return (request.Pid is null, hasChild) switch
        {
            (true, false) => throw new UsageException("trace", "no process is named", "--pid PID, or a program to run after --"),
            (false, true) => throw new UsageException("--pid", "contradicts the program after --", "one of them"),
            _ => TraceAction.RunAsync(WithCounters(request, invocation.Options), invocation, stop),
        };
    }

    internal TraceRequest Read(ParseResult arguments)
    {
        bool hasOutput = _output.TryRead(arguments, out string output);
        bool hasFormat = _format.TryRead(arguments, out TraceFormat format);
        return new TraceRequest
        {
            Pid = _pid.TryRead(arguments, out int pid) ? pid : null,
            Measurements = _measure.TryRead(arguments, out NamedMeasurement[] measurements) ? measurements : DefaultMeasurements,
            Every = _every.TryRead(arguments, out Duration every) ? every.Value : TimeSpan.FromSeconds(1),
            Count = _count.TryRead(arguments, out int count) ? count : null,
            For = _for.TryRead(arguments, out Duration length) ? length.Value : null,
            Pause = arguments.GetValue(_pause),
            Output = hasOutput ? output : null,
            Format = hasFormat ? format : hasOutput ? FormatOf(output) : TraceFormat.Table,
            Pages = _pages.TryRead(arguments, out string pages) ? pages : null,
        };
    }

    // Who names events and no measurements wants to see them.
    private static TraceRequest WithCounters(TraceRequest request, ExporterOptions options) =>
        ReferenceEquals(request.Measurements, DefaultMeasurements) && options.AreCountersEnabled
            ? request with { Measurements = [.. DefaultMeasurements, new(Measurements.CounterMeasurement.MeasurementName, Measurements.CounterMeasurement.MeasurementName)] }
            : request;

    private static TraceFormat FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jsonl" => TraceFormat.JsonLines,
        ".csv" => TraceFormat.Csv,
        _ => throw new UsageException("--output", $"{UsageException.Quote(path)} does not tell the format", "a name that ends in .jsonl or .csv, or --format"),
    };

    private static bool TryParseFile(string text, out string value, ref string? problem)
    {
        value = text;
        return text.Length > 0 && !text.Contains('\0', StringComparison.Ordinal);
    }

    private static bool TryParseFormat(string text, out TraceFormat value, ref string? problem)
    {
        (bool isKnown, value) = text.ToLowerInvariant() switch
        {
            "table" => (true, TraceFormat.Table),
            "jsonl" => (true, TraceFormat.JsonLines),
            "csv" => (true, TraceFormat.Csv),
            _ => (false, default),
        };
        return isKnown;
    }

    private static bool TryParseMeasurements(string text, out NamedMeasurement[] value, ref string? problem)
    {
        value = ParseMeasurements(text, ref problem) ?? [];
        return problem is null;
    }

    private static NamedMeasurement[]? ParseMeasurements(string text)
    {
        string? problem = null;
        return ParseMeasurements(text, ref problem);
    }

    private static NamedMeasurement[]? ParseMeasurements(string text, ref string? problem)
    {
        List<NamedMeasurement> list = [];
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = item.Split('=', 2);
            NamedMeasurement column = new(parts[0], parts[^1]);
            problem = !TraceColumns.Words.Contains(column.Measurement) ? $"{UsageException.Quote(column.Measurement)} is not a measurement{Meant(column.Measurement)}"
                : !ColumnName().IsMatch(column.Name) ? $"{UsageException.Quote(column.Name)} is not a name of letters, digits, '_', '-' and '.'"
                : list.Exists(other => other.Name == column.Name) ? $"the name {column.Name} is there twice"
                : list.Exists(other => other.Measurement == column.Measurement && column.Measurement == Measurements.WorkingSetMeasurement.MeasurementName)
                    ? "there is one working set, for a second one would end its windows"
                : null;
            if (problem is not null)
            {
                return null;
            }

            list.Add(column);
        }

        return [.. list];
    }

    private static string Meant(string word) => NearestName.Find(word, TraceColumns.Words) is string nearest ? string.Create(CultureInfo.InvariantCulture, $" (is {nearest} meant?)") : "";

    // Nothing that a comma-separated file would have to quote.
    [GeneratedRegex("^[A-Za-z0-9_.-]+$")]
    private static partial Regex ColumnName();
}
