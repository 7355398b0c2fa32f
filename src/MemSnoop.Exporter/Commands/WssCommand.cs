using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;
using MemSnoop.Timing;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// <c>memsnoop wss PID [SECONDS]</c>: the working set of processes over one window, once or again and again. Where an exporter runs, it is asked (<see cref="ProcessWindows"/>).
/// </summary>
internal sealed class WssCommand : MemSnoopCommand
{
    private readonly WssArguments _arguments = new();

    public WssCommand()
        : base(
            "wss", "Measure how much memory a process uses within a window.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall || setting == WorkingSetSettings.DamonSamples
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        _arguments.AddTo(this);
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
        Schedule? schedule = request.Every is { } every ? new Schedule(every, TimeProvider.System) : null;
        for (bool isFirst = true; ; isFirst = false)
        {
            IReadOnlyList<TrackedProcess> processes = targets.Find();
            IReadOnlyList<WindowResult> results = processes.Count == 0 ? [] : await MeasureAsync(request, processes, windows, notes, stop).ConfigureAwait(false);
            if (request.IsOne && results[0].Problem is { } problem)
            {
                return !isFirst && results[0].Reason is "gone" or "no_window" ? ExitCode.Success : throw problem;
            }

            await write([.. results.Where(static result => result.Window is not null).Select(static result => result.Window!)]).ConfigureAwait(false);
            await TellAsync(request, results, notes).ConfigureAwait(false);
            if (schedule is null || stop.IsCancellationRequested)
            {
                return results.Any(static result => result.Window is not null) ? ExitCode.Success : ExitCode.Failure;
            }

            await schedule.WaitForNextTickAsync(stop).ConfigureAwait(false);
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

    internal WssRequest Read(ParseResult arguments) => _arguments.Read(arguments);
}
