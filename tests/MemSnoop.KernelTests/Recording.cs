using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>What an exporter said over a time, as the workload <c>scraper</c> wrote it down: all windows, not one.</summary>
internal sealed class Recording
{
    // A busy host may keep the exporter from showing what it has read.
    private const double LateSeconds = 0.3;

    private readonly State[] _states;

    public Recording(ScenarioResult result, string file) => _states =
    [
        .. result.Lines(file).Select(static line => new State(
            line.GetProperty("since_ns").GetInt64() / 1e9,
            line.GetProperty("until_ns").GetInt64() / 1e9,
            line.GetProperty("passes").GetInt32(),
            [.. line.GetProperty("metrics").GetString()!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ExpositionSample.Parse)])),
    ];

    /// <summary>The windows of a process.</summary>
    public IReadOnlyList<PublishedWindow> OfProcess(JsonElement pid) => Windows("process", "pid", pid.GetInt32().ToString(CultureInfo.InvariantCulture));

    /// <summary>The windows of a container, named by the path of its control group.</summary>
    public IReadOnlyList<PublishedWindow> OfContainer(string path) => Windows("container", "container_id", path[(path.LastIndexOf('/') + 1)..]);

    /// <summary>How many process windows were left out for a reason, from the first state to the last; of all reasons if none is given.</summary>
    public double Skipped(params string[] reasons)
    {
        return Total(_states[^1]) - Total(_states[0]);

        double Total(State state) => state.Samples.Where(sample => sample.Name == "memsnoop_measurement_skipped_total" && (reasons.Length == 0 || reasons.Contains(sample.Label("reason"))))
            .Sum(static sample => sample.Number);
    }

    /// <summary>Errors counted from the first state to the last.</summary>
    public double Errors => _states[^1].Samples.Where(static sample => sample.Name == "memsnoop_measurement_errors_total").Sum(static sample => sample.Number)
        - _states[0].Samples.Where(static sample => sample.Name == "memsnoop_measurement_errors_total").Sum(static sample => sample.Number);

    /// <summary>States that show the same pass, and yet other numbers of a process that both know: parts of two passes in one scrape.</summary>
    public IEnumerable<string> MixedPasses()
    {
        for (int i = 1; i < _states.Length; i++)
        {
            State before = _states[i - 1];
            State now = _states[i];
            if (now.Passes != before.Passes)
            {
                continue;
            }

            Dictionary<string, string> old = before.Samples.Where(IsOfWindow).ToDictionary(static sample => sample.Identity, static sample => sample.Value);
            foreach (ExpositionSample sample in now.Samples.Where(IsOfWindow))
            {
                if (old.TryGetValue(sample.Identity, out string? value) && value != sample.Value)
                {
                    yield return $"at {now.Until:F2} s: {sample.Name} of {sample.Label("pid")}: {value}, then {sample.Value}";
                }
            }
        }

        static bool IsOfWindow(ExpositionSample sample) => sample.Name.StartsWith("memsnoop_process_working_set", StringComparison.Ordinal);
    }

    private List<PublishedWindow> Windows(string what, string label, string value)
    {
        List<PublishedWindow> windows = [];
        (int Passes, PublishedWindow Window)? last = null;
        int pass = 0;
        PassLengths lengths = default;
        foreach (State state in _states)
        {
            ExpositionSample[] own = [.. state.Samples.Where(sample => sample.Label(label) == value && sample.Name.StartsWith($"memsnoop_{what}_", StringComparison.Ordinal))];
            Dictionary<double, double> idle = own.Where(sample => sample.Name == $"memsnoop_{what}_idle_bytes")
                .ToDictionary(static sample => double.Parse(sample.Label("age")!, CultureInfo.InvariantCulture), static sample => sample.Number);
            double duration = state.Samples.Where(static sample => sample.Name == "memsnoop_measurement_duration_seconds").Sum(static sample => sample.Number);
            lengths = new PassLengths(state.Passes == pass ? lengths.Began : lengths.Ended, duration, Math.Max(lengths.Longest, duration));
            pass = state.Passes;
            double seconds = (what == "process" ? own : state.Samples).Where(static sample => sample.Name == "memsnoop_process_working_set_window_seconds")
                .Select(static sample => sample.Number).DefaultIfEmpty(0).Max();
            PublishedWindow now = new(
                state.Since - duration - LateSeconds, state.Until, seconds, lengths, Sum("working_set_bytes"), Sum("working_set_lower_bytes"), Sum("working_set_upper_bytes"), idle, Sum("untracked_bytes") ?? 0);

            // Before the first number there is no window; after it, one without a number is a window all the same.
            bool isNew = last is not { } known || known.Passes != state.Passes || !IsSame(known.Window, now);
            bool isThere = own.Any(sample => sample.Name != $"memsnoop_{what}_memory_resident_bytes");
            if ((isThere || windows.Count > 0) && isNew && own.Length > 0)
            {
                // A window of which nothing is said has no length either: it goes back to the one before.
                windows.Add(now.Seconds > 0 || windows.Count == 0 ? now : now with { Seconds = now.EarliestEnd - windows[^1].EarliestEnd });
                last = (state.Passes, now);
            }

            double? Sum(string name)
            {
                double[] parts = [.. own.Where(sample => sample.Name == $"memsnoop_{what}_{name}").Select(static sample => sample.Number)];
                return parts.Length == 0 ? null : parts.Sum();
            }
        }

        // What the first state shows may have ended at any time before.
        return windows.Count > 0 && ReferenceEquals(windows[0], windows[^1]) ? windows : [.. windows.Where(window => window.EarliestEnd > _states[0].Since)];
    }

    private static bool IsSame(PublishedWindow left, PublishedWindow right) =>
        left.Seconds == right.Seconds && left.Exact == right.Exact && left.Lower == right.Lower && left.Upper == right.Upper
        && left.Idle.Count == right.Idle.Count && left.Idle.All(band => right.Idle.TryGetValue(band.Key, out double bytes) && bytes == band.Value);

    private sealed record State(double Since, double Until, int Passes, IReadOnlyList<ExpositionSample> Samples);
}
