using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// Windows of processes, from whoever may measure them: the exporter, if one runs, else this process, once nobody else takes the same accessed bits. They are never refused because
/// another measures, and nobody is a second reader.
/// </summary>
/// <param name="request">What is asked for.</param>
/// <param name="host">The host and the options.</param>
/// <param name="notes">Takes lines about what it waits for.</param>
internal sealed class ProcessWindows(WssRequest request, MeasuredHost host, WindowNotes notes) : IDisposable
{
    // As many as an exporter measures at once.
    private const int MostAsked = LocalApiService.MostWindows;

    // Between two looks whether another has ended. Short beside any window.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly LocalApiClient _exporter = new(host.Paths);
    private readonly OwnWindows _own = new(host, notes);

    /// <summary>The last windows that the exporter has.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="stop">Gives it up.</param>
    internal async Task<IReadOnlyList<WindowResult>> LastAsync(IReadOnlyList<TrackedProcess> processes, CancellationToken stop) => await ForEachAsync(processes, async process =>
    {
        (WindowAnswer? answer, RefusalAnswer? refusal) = await _exporter.AskAsync(new WindowRequest(process.Identity, null), stop).ConfigureAwait(false);
        return answer is not null ? WindowResult.Of(process, answer)
            : refusal is not null ? Refused(process, refusal, "the length of a window to measure, as in memsnoop wss 1234 10")
            : throw new UsageException(
                "SECONDS", _exporter.IsDenied ? "is missing, and only root may ask the exporter for its last window" : "is missing, and no exporter runs here that has a last window",
                "the length of the window, as in memsnoop wss 1234 10");
    }).ConfigureAwait(false);

    /// <summary>A window of each process from now on; with ages as many windows as fit into it, and what is accessed again in them.</summary>
    /// <param name="processes">The processes.</param>
    /// <param name="end">Ends the windows before their time. What was measured until then is the result; if nothing was, there is none.</param>
    /// <exception cref="UsageException">Nothing can be measured.</exception>
    internal async Task<IReadOnlyList<WindowResult>> MeasureAsync(IReadOnlyList<TrackedProcess> processes, CancellationToken end)
    {
        while (true)
        {
            end.ThrowIfCancellationRequested();
            IReadOnlyList<WindowResult> asked = await ForEachAsync(processes, process => AskAsync(process, end)).ConfigureAwait(false);
            TrackedProcess[] left = [.. asked.Where(static result => result.Reason == Nobody).Select(static result => result.Process)];
            if (left.Length > 0)
            {
                if (await _own.MeasureAsync(left, request, _exporter.IsDenied, end).ConfigureAwait(false) is { } own)
                {
                    return [.. asked.Where(static result => result.Reason != Nobody), .. own];
                }
            }
            else if (!request.IsOne || asked[0].Reason != Busy)
            {
                return asked;
            }
            else
            {
                await notes.SayAsync($"waiting: {_own.HolderOf(processes[0])}").ConfigureAwait(false);
            }

            await Task.Delay(Patience, TimeProvider.System, end).ConfigureAwait(false);
        }
    }

    /// <summary>Resident memory and its proportional share. After the window, not in it: the walk over the page tables would stall the target.</summary>
    internal WindowResult AddMemory(WindowResult result)
    {
        if (result.Window is not { } window)
        {
            return result;
        }

        ReadOutcome outcome = new SmapsMeasurement().Measure(result.Process, out MappingSample memory);
        return outcome == ReadOutcome.Success
            ? result with { Window = window with { Comm = result.Process.Comm, RssBytes = memory.ResidentBytes, PssBytes = memory.ProportionalBytes } }
            : WindowResult.Failed(result.Process, outcome, host.Options.WorkingSet);
    }

    // Two reasons that are none: nobody answered, or another program measures the process at the moment.
    private const string Nobody = "nobody";
    private const string Busy = "in_use";

    private async Task<WindowResult> AskAsync(TrackedProcess process, CancellationToken end)
    {
        await CheckAreasAsync(process, end).ConfigureAwait(false);
        (WindowAnswer? answer, RefusalAnswer? refusal) = await _exporter.AskAsync(new WindowRequest(process.Identity, request.Window, request.Ages, request.ByArea), end).ConfigureAwait(false);
        if (answer is not null)
        {
            if (request.ByArea && answer.Areas is null)
            {
                throw new UsageException("--by", "the exporter that runs is of another version, and does not tell areas", "an exporter of this version");
            }

            if (request.Ages is not null && answer.Ages is null)
            {
                throw new UsageException("--ages", "the exporter that runs is of another version, and does not tell them", "an exporter of this version");
            }

            await NoteAsync(answer.Method).ConfigureAwait(false);
            return WindowResult.Of(process, answer);
        }

        return refusal switch
        {
            null or { Reason: "no_method" or "stopping" or "gone" } => new WindowResult(process, null, Nobody, null),
            { Reason: "not_supported" } when request.Ages is not null => throw OwnWindows.UnknownAges(refusal.Error),
            _ => Refused(process, refusal, "a process that the exporter can measure"),
        };
    }

    /// <summary>The exporter measures with the areas of its configuration: with others its numbers would not be those that are asked for.</summary>
    private async Task CheckAreasAsync(TrackedProcess process, CancellationToken stop)
    {
        if (host.Options.WorkingSet.Areas == Paging.AreaFilter.All)
        {
            return;
        }

        (WindowAnswer? last, RefusalAnswer? refusal) = await _exporter.AskAsync(new WindowRequest(process.Identity, null), stop).ConfigureAwait(false);
        if (last is not null || refusal is { Reason: "no_window" })
        {
            throw new UsageException("--area", "the exporter that runs measures with the areas of its own configuration", "no option for areas, or --by area, which tells each");
        }
    }

    private static WindowResult Refused(TrackedProcess process, RefusalAnswer refusal, string expected) => new(process, null, refusal.Reason, new UsageException("PID", refusal.Error, expected));

    /// <summary>The exporter measures in one way for all: what was asked of this command otherwise is not done, and that is said.</summary>
    private async Task NoteAsync(string method)
    {
        if (host.Options.WorkingSet.Method != WorkingSetMethod.Auto && WorkingSetChoice.NameOf(host.Options.WorkingSet.Method) != method)
        {
            await notes.SayAsync($"the exporter measures by {method}, not by {WorkingSetChoice.NameOf(host.Options.WorkingSet.Method)}").ConfigureAwait(false);
        }
    }

    private static async Task<IReadOnlyList<WindowResult>> ForEachAsync(IReadOnlyList<TrackedProcess> processes, Func<TrackedProcess, Task<WindowResult>> ask)
    {
        var results = new WindowResult[processes.Count];
        await Parallel.ForAsync(0, processes.Count, new ParallelOptions { MaxDegreeOfParallelism = MostAsked }, async (i, _) => results[i] = await ask(processes[i]).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }

    public void Dispose() => _exporter.Dispose();
}
