using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Report;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Top;
using MemSnoop.Exporter.View;
using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.Exporter.Web;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Testing.Fuzzing;
using MemSnoop.Tracing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Spectre.Console;

namespace MemSnoop.Exporter.Tests.Fuzzing;

/// <summary>The parsers of the program: files of configuration, settings, what a request asks for, what a receiver or another exporter answers.</summary>
public sealed class ProgramFuzzTests : FuzzTests, IDisposable
{
    private static readonly HashSet<string> Measurements = ["statm", "smaps", "working-set"];
    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly TemporaryDirectory _directory = new(inMemory: true);

    private protected override IReadOnlyList<Assembly> Assemblies { get; } = [typeof(ExporterOptions).Assembly, typeof(MemSnoopMeter).Assembly];

    private protected override IReadOnlyList<FuzzTarget> Targets =>
    [
        OfFile("configuration", static path => ExporterOptions.Read(NoEnvironment, path, new ConfigurationLayer()), typeof(ExporterOptions), typeof(ConfigurationFile), typeof(GroupsSettings)),
        OfFile("web-configuration", static path => WebConfigurationFile.Read(path, "--web.config.file"), typeof(WebConfigurationFile)),

        // Some 2 MB for a regular expression without backtracking, and a list of short ones has little else.
        OfFile("process-names", 200_000, static path => ProcessNamesFile.Read(path, "--group-config"), typeof(ProcessNamesFile)),
        new("environment", static input => Environment(Encoding.UTF8.GetString(input)), typeof(OpenTelemetryEnvironment), typeof(EnvironmentLayer)) { PerByte = 40_000, Besides = 4_000_000 },
        FuzzTarget.OfText("duration", static text => Again(text, Duration.TryParse(text, out Duration value), value, static again => (Duration.TryParse(again, out Duration same), same)), typeof(Duration)),
        FuzzTarget.OfText("byte-size", static text => Again(text, ByteSize.TryParse(text, out ByteSize value), value, static again => (ByteSize.TryParse(again, out ByteSize same), same)), typeof(ByteSize)),
        FuzzTarget.OfText("listen-address", static text => Again(text, ListenAddress.TryParse(text, out ListenAddress value), value, static again => (ListenAddress.TryParse(again, out ListenAddress same), same)), typeof(ListenAddress)),
        FuzzTarget.OfText("http-header", static text => Again(text, HttpHeader.TryParse(text, out HttpHeader value), value, static again => (HttpHeader.TryParse(again, out HttpHeader same), same)), typeof(HttpHeader)),
        FuzzTarget.OfText("resource-attribute", static text => Again(text, ResourceAttribute.TryParse(text, out ResourceAttribute value), value, static again => (ResourceAttribute.TryParse(again, out ResourceAttribute same), same)), typeof(ResourceAttribute)),
        FuzzTarget.OfText("user-id", static text => Hold.That(!UserId.TryParse(text, out UserId user) || user.Value != uint.MaxValue, "a user is one"), typeof(UserId)),
        FuzzTarget.OfText("glob", Globs, typeof(Glob)),
        FuzzTarget.OfText("label-selector", Selector, typeof(LabelSelector)),
        FuzzTarget.OfText("group-template", Template, typeof(GroupTemplate)),
        new("go-expression", static input => Expression(Encoding.UTF8.GetString(input)), typeof(GoExpression), typeof(Syntax)) { PerByte = 40_000, Besides = 4_000_000 },

        FuzzTarget.OfText("window-length", WindowWord, typeof(WindowLength)),
        new("accept", static input => Accept(Encoding.UTF8.GetString(input)), typeof(ExpositionFormat), typeof(ScrapeHeaders)) { PerByte = 400, Besides = 20_000 },
        FuzzTarget.OfText("query", Query, typeof(MeasurementSelection)),
        FuzzTarget.OfText("table-query", Rows, typeof(TableQuery), typeof(SortColumns)),
        FuzzTarget.OfText("heat-map-query", Recording, typeof(HeatMapRequest), typeof(SubjectId)),
        new("heat-map-body", RecordingBody, typeof(HeatMapBody)) { PerByte = 200, Besides = 20_000 },
        new("overview-answer", Shown, typeof(UrlSource), typeof(Overview), typeof(TopFrame)) { PerByte = 4_000, Besides = 4_000_000 },
        FuzzTarget.OfText("authorization", static text => WebAccess.TryReadLogin(text, out _, out _), typeof(WebAccess)),
        FuzzTarget.OfText("window-request", Window, typeof(WindowRequest)),
        FuzzTarget.OfText("mountinfo", static text => HiddenProcesses.AreIn(text, "/proc"), typeof(HiddenProcesses)),
        new("receiver-message", static input => Rejection(input), typeof(ReceiverAnswer), typeof(ProtobufFields)) { PerByte = 8, Besides = 2_000 },
        new("receiver-answer", ReceiverHeaders, typeof(ReceiverAnswer)) { PerByte = 200, Besides = 200_000 },
        new("window-answer", static input => Answer(input, AnswerJson.Default.WindowAnswer), typeof(AnswerJson)) { PerByte = 200, Besides = 20_000 },
        new("containers-answer", static input => Answer(input, AnswerJson.Default.ContainersAnswer), typeof(AnswerJson)) { PerByte = 200, Besides = 20_000 },
        new("report", Report, typeof(TraceReport), typeof(ReportPage), typeof(ReportData), typeof(ReportText)) { PerByte = 20_000, Besides = 60_000_000 },
    ];

    private protected override IReadOnlyDictionary<Type, string> NoParsers { get; } = new Dictionary<Type, string>
    {
        [typeof(BoundedFile)] = "It reads bytes and gives them to the parsers.",
        [typeof(SectionLayer)] = "Its texts come from the framework's configuration, and go through the settings that the target configuration tries.",
    };

    public void Dispose() => _directory.Dispose();

    /// <summary>A file that a user has named: it is taken, or refused in one line that says what was expected.</summary>
    private FuzzTarget OfFile(string name, Action<string> read, params Type[] parsers) => OfFile(name, 40_000, read, parsers);

    private FuzzTarget OfFile(string name, int perByte, Action<string> read, params Type[] parsers)
    {
        string path = _directory[name];
        return new FuzzTarget(
            name,
            input =>
            {
                File.WriteAllBytes(path, input);
                try
                {
                    read(path);
                }
                catch (UsageException error)
                {
                    Refused(error);
                }
            },
            parsers)
        {
            PerByte = perByte,
            Besides = 4_000_000,
        };
    }

    private static void Refused(UsageException error)
    {
        Hold.That(error.Thing.Length > 0 && error.Expected.Length > 0 && error.Problem.Length > 0, "an error names the thing and what was expected");
        Hold.That(!error.Message.Any(char.IsControl), "an error is one line");
    }

    /// <summary>What is taken is written, and what is written is taken for the same.</summary>
    private static void Again<T>(string text, bool isTaken, T value, Func<string, (bool IsTaken, T Value)> parse)
        where T : struct, IEquatable<T>
    {
        if (isTaken)
        {
            (bool isTakenAgain, T again) = parse(value.ToString()!);
            Hold.That(isTakenAgain && again.Equals(value), "what is taken is written so that it is taken for the same");
        }

        Hold.That(text is not null, "there is a text");
    }

    private static void Environment(string text)
    {
        Dictionary<string, string> environment = [];
        foreach (string line in text.Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and int equals)
            {
                environment[line[..equals]] = line[(equals + 1)..];
            }
        }

        try
        {
            _ = ExporterOptions.Read(environment, null, new ConfigurationLayer());
        }
        catch (UsageException error)
        {
            Refused(error);
        }
    }

    private static void WindowWord(string text)
    {
        try
        {
            Hold.That(WindowLength.Read(text) is not { } length || length > TimeSpan.Zero, "a window takes time");
        }
        catch (UsageException error)
        {
            Refused(error);
        }
    }

    private static void Globs(string text)
    {
        string[] parts = text.Split('\n', 2);
        if (Glob.TryParse(parts[0], out Glob? glob))
        {
            _ = glob!.IsMatch(parts[^1]);
            Hold.That(parts[0].Contains('*', StringComparison.Ordinal) || parts[0].Contains('?', StringComparison.Ordinal) || !parts[0].StartsWith('/') || glob.IsMatch(parts[0]), "a path without stars matches itself");
        }
    }

    private static void Selector(string text)
    {
        bool isTaken = LabelSelector.TryParse(text, out LabelSelector? selector, out string problem);
        Hold.That(isTaken == selector is not null && isTaken == (problem.Length == 0), "there is a selector or a problem");
        _ = selector?.IsMatch(NoEnvironment);
    }

    private static void Template(string text)
    {
        string? problem = null;
        if (GroupTemplate.TryParse(text, out GroupTemplate template, ref problem))
        {
            string name = template.Expand(static _ => "x", NoEnvironment);
            Hold.That(name.Length <= text.Length, "a field is longer than an x");
        }
    }

    private static void Expression(string text)
    {
        string? problem = null;
        if (GoExpression.TryTranslate(text, out string pattern, ref problem) && Syntax.Regex.Parser(pattern, out System.Text.RegularExpressions.Regex expression, ref problem))
        {
            _ = expression.IsMatch("nginx: worker process");
        }
    }

    private static void Accept(string text)
    {
        ExpositionFormat format = ExpositionFormat.Choose(text, NameStyle.Underscores, openMetrics2: true);
        Hold.That(format.Names == NameStyle.Underscores, "names are as the user has said");
        _ = ExpositionFormat.Choose(text, NameStyle.Utf8, openMetrics2: false).Form;
        _ = ScrapeHeaders.AllowGzip(text);
        Hold.That(ScrapeHeaders.TimeoutOf(text) is not { } timeout || (timeout > TimeSpan.Zero && timeout.TotalMilliseconds <= int.MaxValue), "a time fits into a timer");
    }

    private static void Query(string text)
    {
        QueryCollection query = new(QueryHelpers.ParseQuery(text));
        bool isTaken = MeasurementSelection.TryParse(query, Measurements, out _, out string complaint);
        Hold.That(isTaken == (complaint.Length == 0) && !complaint.Any(char.IsControl), "a complaint is one line");
    }

    private static void Rows(string text)
    {
        bool isTaken = TableQuery.TryParse(new QueryCollection(QueryHelpers.ParseQuery(text)), out TableQuery query, out string expected);
        Hold.That(isTaken == (expected.Length == 0) && query.Top is > 0 and <= TableQuery.MostRows && !expected.Any(char.IsControl), "a query has an end, or what was expected is one line");
    }

    private static void Recording(string text) => Bounded(HeatMapRequest.Parse(new QueryCollection(QueryHelpers.ParseQuery(text))));

    private static void RecordingBody(ReadOnlySpan<byte> input)
    {
        try
        {
            Bounded(HeatMapRequest.Parse(JsonSerializer.Deserialize(input, ViewJson.Default.HeatMapBody)));
        }
        catch (JsonException)
        {
            // Who asks is told what was expected.
        }
    }

    private static void Bounded(HeatMapRequest? request) => Hold.That(
        request is null || (request.Process.Pid > 0 && request.Windows is > 0 and <= HeatMapRequest.MostWindows && request.Length <= HeatMapRequest.Longest), "a recording is bounded");

    /// <summary>An answer of whatever is at the address that <c>memsnoop top</c> was given, and the screen that is made of it.</summary>
    private static void Shown(ReadOnlySpan<byte> input)
    {
        if (UrlSource.Parse(input) is not { } overview)
        {
            return;
        }

        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        TopState state = new(SortColumn.Resident, "");
        state.Take(overview);
        console.Write(new TopFrame(state, "http://localhost", TimeProvider.System).Draw(80, 24));
        state.Press(new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false));
        console.Write(new TopFrame(state, "http://localhost", TimeProvider.System).Draw(80, 24));
        Hold.That(!text.ToString().Any(static letter => char.IsControl(letter) && letter is not ('\n' or '\r')), "names give no orders to the terminal");
    }

    private static void Window(string text)
    {
        Dictionary<string, Microsoft.Extensions.Primitives.StringValues> query = QueryHelpers.ParseQuery(text);
        string? Value(string name) => query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues values) ? values.ToString() : null;
        if (WindowRequest.TryParse(Value("pid"), Value("start"), Value("seconds"), Value("ages"), Value("areas"), Value("id"), out WindowRequest request))
        {
            Hold.That(request.Process.Pid > 0 && (request.Window is not { } window || (window >= TimeSpan.Zero && window <= WindowRequest.Longest)), "a window is of a process, and not too long");
        }
        else
        {
            Hold.That(request == default, "what is refused leaves nothing");
        }
    }

    private static void Rejection(ReadOnlySpan<byte> input)
    {
        ReceiverAnswer answer = ReceiverAnswer.OfMessage(input);
        Hold.That(answer.Rejected >= 0 && answer.Failure is null, "a message is an answer of who has taken the points");
    }

    /// <summary>A status line, headers and a body, as far as the framework lets them pass.</summary>
    private static void ReceiverHeaders(ReadOnlySpan<byte> input)
    {
        int end = input.IndexOf("\n\n"u8);
        string[] lines = Encoding.UTF8.GetString(end < 0 ? input : input[..end]).Split('\n');
        using HttpResponseMessage response = new(int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status is >= 100 and <= 999 ? (HttpStatusCode)status : HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(end < 0 ? [] : input[(end + 2)..].ToArray()),
        };
        foreach (string line in lines.Skip(1))
        {
            string[] parts = line.Split(':', 2, StringSplitOptions.TrimEntries);
            if (parts.Length == 2 && parts[0].Length > 0)
            {
                _ = response.Headers.TryAddWithoutValidation(parts[0], parts[1]) || response.Content.Headers.TryAddWithoutValidation(parts[0], parts[1])
                    || response.TrailingHeaders.TryAddWithoutValidation(parts[0], parts[1]);
            }
        }

        ReceiverAnswer answer = ReceiverAnswer.ReadAsync(response, CancellationToken.None).GetAwaiter().GetResult();
        Hold.That(answer.Failure is null || !answer.Failure.Any(char.IsControl), "a failure is one line");
    }

    private static void Answer<T>(ReadOnlySpan<byte> input, JsonTypeInfo<T> type)
    {
        try
        {
            _ = JsonSerializer.Deserialize(input, type);
        }
        catch (JsonException)
        {
            // Who asks says that what answers is no exporter.
        }
    }

    /// <summary>A recorded trace, as payloads with their lengths in front of them, and the page that is made of it.</summary>
    private static void Report(ReadOnlySpan<byte> input)
    {
        PageTrace trace;
        PageTraceLoss? loss;
        try
        {
            using MemoryStream file = new(PageTracePayloads.ToFile(input));
            trace = PageTraceFile.Load(file, out loss);
        }
        catch (InvalidDataException)
        {
            return;
        }

        if (trace.Active.Count < 100_000)
        {
            TraceReport report = new(trace, loss);
            _ = ReportText.Recorded(report);
            string data = ReportData.Write(report);
            Hold.That(!data.Contains('<', StringComparison.Ordinal), "no text in the data ends its script");
            using JsonDocument parsed = JsonDocument.Parse(data);
        }
    }
}
