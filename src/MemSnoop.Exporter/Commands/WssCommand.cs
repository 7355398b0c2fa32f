using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// <c>memsnoop wss PID [SECONDS]</c>: the working set of processes over one window, once or again and again. Where an exporter runs, it is asked (<see cref="ProcessWindows"/>).
/// </summary>
internal sealed class WssCommand : MemSnoopCommand
{
    // All are optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _pid = new("PID") { Arity = ArgumentArity.ZeroOrOne, Description = "The process, or several, separated by commas. None with --name or --all." };
    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m. Without it, the exporter's last window.",
    };

    private readonly Option<string[]> _names = new("--name")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = Syntax.Regex.Placeholder,
        Description = "Measure the processes whose name (ps -o comm) matches. Repeatable.",
    };

    private readonly Option<bool> _all = new("--all") { Arity = ArgumentArity.Zero, Description = "Measure all processes." };

    private readonly TextOption<Duration> _every = new(
        "--interval", "Measure again and again, with a beginning every DURATION, until Ctrl-C.", Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400)));

    private readonly TextOption<bool> _by = new("--by", "With area: tell what is held and used of heap, stack, other memory and each mapped file.", Syntax.Words("PART", "a part", ("area", true)));

    private readonly Option<string[]> _ages = new("--ages")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = "DURATION,...",
        Description = "Tell for each of these ages how much memory has been idle for at least so long, and how much of that is accessed again per second within SECONDS. "
            + "A window is as long as the first age. Only with page_idle.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of a table; with --interval a line for each window." };

    public WssCommand()
        : base(
            "wss", "Measure how much memory a process uses within a window.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        Add(_pid);
        Add(_seconds);
        foreach (Option option in (Option[])[_names, _all, _every, _by, _ages, _json])
        {
            Add(option);
        }
    }

    public override string Usage => "wss (PID[,PID...] | --name REGEX | --all) [SECONDS] [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop wss 1234 10", "measure the memory that process 1234 uses within the next 10 seconds, by the exporter if one runs"),
        ("memsnoop wss --name '^postgres$' 10 --interval 30s", "measure all processes of that name, again every half minute"),
        ("memsnoop wss 1234 10 --by area", "find out where the memory lies that is used, and the one that is not"),
        ("memsnoop wss 1234 120 --ages 5s,15s,60s", "for two minutes, find out what memory that had been idle is accessed again: what taking it away would cost"),
        ("memsnoop wss --all", "show the last window that the exporter has of each process"),
    ];

    public override void CheckArguments(ParseResult arguments) => _ = Read(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        WssRequest request = Read(invocation.Arguments);
        using WssTargets targets = new(request, invocation.Host);
        using OutputReader reader = OutputReader.Watch(invocation.Output, stop);
        using ProgressLine progress = new(invocation.Screen.Tells ? invocation.Error : null, invocation.Screen);
        WindowNotes notes = new(invocation.Error, progress);
        using ProcessWindows windows = new(request, invocation.Host, notes);
        WssTable table = new(invocation.Output, namesProcesses: !request.IsOne);
        try
        {
            int code = await RunAsync(request, targets, windows, notes, results => WriteAsync(request, results, table, invocation), reader.Stop).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();   // what there was of the window is told; the exit code says that it was cut short
            return code;
        }
        catch (OperationCanceledException) when (reader.HasGone)
        {
            return ExitCode.Success;
        }
    }

    /// <summary>Measures once, or again and again.</summary>
    private static async Task<int> RunAsync(
        WssRequest request, WssTargets targets, ProcessWindows windows, WindowNotes notes, Func<IReadOnlyList<WindowAnswer>, Task> write, CancellationToken stop)
    {
        TimeProvider clock = TimeProvider.System;
        long began = clock.GetTimestamp();
        for (long round = 0; ;)
        {
            IReadOnlyList<TrackedProcess> processes = targets.Find();
            IReadOnlyList<WindowResult> results = processes.Count == 0 ? [] : await MeasureAsync(request, processes, windows, notes, stop).ConfigureAwait(false);
            if (request.IsOne && results[0].Problem is { } problem)
            {
                return round > 0 && results[0].Reason is "gone" or "no_window" ? ExitCode.Success : throw problem;
            }

            await write([.. results.Where(static result => result.Window is not null).Select(static result => result.Window!)]).ConfigureAwait(false);
            await TellAsync(request, results, notes).ConfigureAwait(false);
            if (request.Every is not { } every || stop.IsCancellationRequested)
            {
                return results.Any(static result => result.Window is not null) ? ExitCode.Success : ExitCode.Failure;
            }

            // One that took too long does not shift the others.
            TimeSpan gone = clock.GetElapsedTime(began);
            round = Math.Max(round + 1, (long)Math.Ceiling(gone / every));
            await Task.Delay((round * every) - gone is { } wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero, clock, stop).ConfigureAwait(false);
        }
    }

    private static async Task<IReadOnlyList<WindowResult>> MeasureAsync(
        WssRequest request, IReadOnlyList<TrackedProcess> processes, ProcessWindows windows, WindowNotes notes, CancellationToken stop)
    {
        string what = processes.Count == 1 ? $"measuring process {SafeText.Of(processes[0].ToString())}" : string.Create(CultureInfo.InvariantCulture, $"measuring {processes.Count} processes");
        IReadOnlyList<WindowResult> results = request.Window is { } length
            ? await notes.WatchAsync(what, length, windows.MeasureAsync(processes, stop)).ConfigureAwait(false)
            : await windows.LastAsync(processes, stop).ConfigureAwait(false);
        return [.. results.Select(windows.AddMemory)];
    }

    /// <summary>What numbers alone do not say.</summary>
    private static async Task TellAsync(WssRequest request, IReadOnlyList<WindowResult> results, WindowNotes notes)
    {
        if (results.Count == 0)
        {
            await notes.SayAsync("no process matches").ConfigureAwait(false);
        }

        if (results.FirstOrDefault(static result => result.Window?.Partial == true).Window is { } partial)
        {
            await notes.SayAsync(string.Create(
                CultureInfo.InvariantCulture, $"ended before its time: the window is {partial.WindowSeconds:F3} s long, not {request.Window!.Value.TotalSeconds:0.###}")).ConfigureAwait(false);
        }

        if (request.IsOne && results[0].Window is { IsWhole: false } disturbed)
        {
            await notes.SayAsync($"the window was disturbed, so there are two bounds and no number: {DisturbanceWords.Explain(disturbed.Disturbance)}").ConfigureAwait(false);
        }

        WindowResult[] missing = [.. results.Where(static result => result.Problem is not null)];
        if (missing.Length > 0)
        {
            string reasons = string.Join(", ", missing.GroupBy(static result => result.Reason).Select(static reason => FormattableString.Invariant($"{reason.Key} {reason.Count()}")));
            await notes.SayAsync(FormattableString.Invariant($"{missing.Length} of {results.Count} processes have no window: {reasons}")).ConfigureAwait(false);
        }
    }

    private static async Task WriteAsync(WssRequest request, IReadOnlyList<WindowAnswer> windows, WssTable table, Invocation invocation)
    {
        if (request.Json && request.Every is null)
        {
            await invocation.Output.WriteLineAsync(
                request.IsOne ? JsonSerializer.Serialize(windows[0], AnswerJson.Default.WindowAnswer) : JsonSerializer.Serialize(windows, AnswerJson.Default.IReadOnlyListWindowAnswer)).ConfigureAwait(false);
            return;
        }

        foreach (WindowAnswer window in windows)
        {
            await (request.Json ? invocation.Output.WriteLineAsync(JsonSerializer.Serialize(window, LineJson.Default.WindowAnswer)) : table.WriteAsync(window)).ConfigureAwait(false);
        }

        await invocation.Output.FlushAsync().ConfigureAwait(false);
    }

    internal WssRequest Read(ParseResult arguments)
    {
        Regex[] names = [.. (arguments.GetValue(_names) ?? []).Select(static text => Syntax.Regex.Parse(new SettingText(text, "--name")))];
        bool selects = names.Length > 0 || arguments.GetValue(_all);
        string? first = arguments.GetValue(_pid);
        string? second = arguments.GetValue(_seconds);

        // With --name or --all there is no PID before SECONDS.
        (string? pids, string? seconds) = selects && second is null ? (null, first) : (first, second);
        TimeSpan? window = WindowLength.Read(seconds);
        WssRequest request = new()
        {
            Pids = pids is null && selects ? [] : Pids(pids),
            Names = names,
            All = arguments.GetValue(_all),
            Window = window,
            Ages = ReadAges(arguments, window),
            Every = _every.TryRead(arguments, out Duration every) ? every.Value : null,
            ByArea = _by.TryRead(arguments, out bool isByArea) && isByArea,
            Json = arguments.GetValue(_json),
        };
        if (request.Every < window)
        {
            throw new UsageException("--interval", "is shorter than the window", $"at least {Duration.Format(window.Value)}");
        }

        if (!request.IsOne && (request.ByArea || request.Ages is not null))
        {
            throw new UsageException(request.ByArea ? "--by" : "--ages", "is told of one process", "one PID");
        }

        if (request.ByArea && (window is null || request.Ages is not null))
        {
            throw new UsageException("--by", window is null ? "needs a window of its own, and SECONDS is missing" : "cannot be told together with --ages", "memsnoop wss PID SECONDS --by area");
        }

        return request;
    }

    /// <summary>The ages that are asked for, or null. They need a time in which memory can reach the longest and be accessed again.</summary>
    private IdleAges? ReadAges(ParseResult arguments, TimeSpan? length)
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

    private static int[] Pids(string? text)
    {
        string pids = text ?? throw new UsageException("PID", "is missing", "a process id, as in memsnoop wss 1234 10");
        return [.. pids.Split(',').Select(static pid => Syntax.Pid.Parse(new SettingText(pid, "PID"))).Distinct()];
    }
}
