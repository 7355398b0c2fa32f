using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MemSnoop.Disturbances;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// <c>memsnoop wss PID [SECONDS]</c>: the working set of one process over one window, once. Where an exporter runs, it is asked (<see cref="OneWindow"/>).
/// </summary>
internal sealed class WssCommand : MemSnoopCommand
{
    private const double MiB = 1 << 20;

    // Both are optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _pid = new("PID") { Arity = ArgumentArity.ZeroOrOne, Description = "The process." };
    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m. Without it, the exporter's last window.",
    };

    private readonly Option<string[]> _ages = new("--ages")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = "DURATION,...",
        Description = "Tell for each of these ages how much memory has been idle for at least so long, and how much of that is accessed again per second within SECONDS. "
            + "A window is as long as the first age. Only with page_idle.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of a table." };

    public WssCommand()
        : base(
            "wss", "Measure once how much memory a process uses within a window.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        Add(_pid);
        Add(_seconds);
        Add(_ages);
        Add(_json);
    }

    public override string Usage => "wss PID [SECONDS] [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop wss 1234 10", "measure the memory that process 1234 uses within the next 10 seconds, by the exporter if one runs"),
        ("memsnoop wss 1234 120 --ages 5s,15s,60s", "for two minutes, find out what memory that had been idle is accessed again: what taking it away would cost"),
        ("memsnoop wss 1234", "show the last window that the exporter has of process 1234"),
    ];

    public override void CheckArguments(ParseResult arguments) => _ = ReadAges(arguments, ReadArguments(arguments).Window);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        (int pid, TimeSpan? length) = ReadArguments(invocation.Arguments);
        IdleAges? ages = ReadAges(invocation.Arguments, length);
        using TrackedProcess process = Selections.Require(pid, invocation.Host.Paths, "PID");
        OneWindow one = new(process, invocation.Host, invocation.Error);
        WindowAnswer window = one.WithMemory(await (length is { } asked ? one.MeasureAsync(asked, ages, stop) : one.LastAsync(stop)).ConfigureAwait(false));
        stop.ThrowIfCancellationRequested();   // half a window has no result
        if (invocation.Arguments.GetValue(_json))
        {
            await invocation.Output.WriteLineAsync(JsonSerializer.Serialize(window, AnswerJson.Default.WindowAnswer)).ConfigureAwait(false);
            return ExitCode.Success;
        }

        await invocation.Output.WriteLineAsync("Est(s)  RSS(MB)  PSS(MB)  Ref(MB)  Method").ConfigureAwait(false);
        await invocation.Output.WriteLineAsync(Line(window)).ConfigureAwait(false);
        if (window.Ages is { } told)
        {
            await invocation.Output.WriteLineAsync().ConfigureAwait(false);
            await invocation.Output.WriteLineAsync("Age(s)  Idle(MB)  Again(MB/s)").ConfigureAwait(false);
            foreach (AgeAnswer age in told)
            {
                await invocation.Output.WriteLineAsync(Line(age)).ConfigureAwait(false);
            }
        }

        if (!window.IsWhole)
        {
            await invocation.Error.WriteLineAsync($"memsnoop: the window was disturbed, so there are two bounds and no number: {Explain(window.Disturbance)}").ConfigureAwait(false);
        }

        return ExitCode.Success;
    }

    /// <summary>The window as a line of the table. A bracket where it was disturbed.</summary>
    internal static string Line(WindowAnswer window)
    {
        string used = window.UsedBytes is { } bytes
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB,7:F2}")
            : string.Create(CultureInfo.InvariantCulture, $"{window.LowerBytes / MiB:F2}-{window.UpperBytes / MiB:F2}");
        return string.Create(
            CultureInfo.InvariantCulture, $"{window.WindowSeconds,6:F3}  {window.RssBytes / MiB,7:F2}  {window.PssBytes / MiB,7:F2}  {used}  {window.Method}");
    }

    /// <summary>An age as a line of the second table; a dash where nothing is known, a bracket where something disturbed the windows.</summary>
    internal static string Line(AgeAnswer age)
    {
        double seconds = age.ObservedSeconds;
        string idle = age.IdleBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB:F2}") : "-";
        string again = seconds == 0 ? "-"
            : age.DoubtfulBytes == 0 ? string.Create(CultureInfo.InvariantCulture, $"{age.ReaccessedBytes / MiB / seconds:F3}")
            : string.Create(CultureInfo.InvariantCulture, $"{age.ReaccessedBytes / MiB / seconds:F3}-{(age.ReaccessedBytes + age.DoubtfulBytes) / MiB / seconds:F3}");
        return string.Create(CultureInfo.InvariantCulture, $"{age.AgeSeconds,6:0.###}  {idle,8}  {again,11}");
    }

    /// <summary>What happened, for people; the words are those of metrics (<see cref="Disturbance"/>).</summary>
    internal static string Explain(string disturbance) => disturbance switch
    {
        "unmarked" => "some of its pages were not watched from the start of the window on",
        "divided" => "somebody asked for a window of his own, which divided this one",
        "moved" => "the kernel moved pages, which looks like use",
        "file_read" => "it read files by descriptor, which leaves no trace on this kernel",
        "advised" => "a program told the kernel that memory is cold or free, and that clears traces of use",
        "aged" => "the kernel aged or reclaimed memory (multi-generational LRU), and that clears traces of use",
        "damon" => "DAMON was at work, and it clears traces of use",
        "reader" => "another program used the idle bitmap",
        _ => disturbance,
    };

    internal (int Pid, TimeSpan? Window) ReadArguments(ParseResult arguments) => (Pid(arguments), WindowLength.Read(arguments.GetValue(_seconds)));

    /// <summary>The ages that are asked for, or null. They need a time in which memory can reach the longest and be accessed again.</summary>
    internal IdleAges? ReadAges(ParseResult arguments, TimeSpan? length)
    {
        if (arguments.GetValue(_ages) is not { Length: > 0 } given)
        {
            return null;
        }

        string text = string.Join(',', given);
        List<TimeSpan> list = [];
        foreach (string word in text.Split(','))
        {
            list.Add(Duration.TryParse(word, out Duration age)
                ? age.Value
                : throw new UsageException("--ages", $"{UsageException.Quote(word)} is not a duration", "durations such as 5s,15s,1m"));
        }

        if (!WindowRequest.TryMakeAges(list, out IdleAges? ages))
        {
            throw new UsageException("--ages", $"{UsageException.Quote(text)} does not rise from 100ms or more, or has more than {IdleAges.MaxCount - 1} ages", "ages such as 5s,15s,1m");
        }

        TimeSpan shortest = ReaccessRun.Shortest(ages!);
        return length >= shortest
            ? ages
            : throw new UsageException(
                "SECONDS", length is null ? "is missing, and ages are not told without" : $"is too short for memory to be idle for {Duration.Format(list[^1])} and accessed again",
                $"at least {Duration.Format(shortest)}");
    }

    private int Pid(ParseResult arguments)
    {
        string text = arguments.GetValue(_pid) ?? throw new UsageException("PID", "is missing", "a process id, as in memsnoop wss 1234 10");
        return Syntax.Pid.Parse(new SettingText(text, "PID"));
    }
}
