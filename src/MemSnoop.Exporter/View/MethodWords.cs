using System.Globalization;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>How accesses are seen here, in words for people.</summary>
/// <param name="last">What is sampled.</param>
/// <param name="clock">The clock.</param>
internal sealed class MethodWords(LastSamples last, TimeProvider clock)
{
    /// <summary>What disturbs windows is switched on or off by people: it is looked up again after this time.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(10);

    private IReadOnlyList<FindingView>? _limits;
    private long _looked;

    /// <summary>The method, with the length of the windows that are shown. Not for two threads at once.</summary>
    internal MethodView Describe(TimeSpan? window)
    {
        if (_limits is null || clock.GetElapsedTime(_looked) > LookAgain)
        {
            (_looked, _limits) = (clock.GetTimestamp(), Find());
        }

        WorkingSetMethodDescriptor? method = WorkingSetMethods.All.FirstOrDefault(known => known.Name == last.Method);
        return new MethodView
        {
            Name = method?.Name,
            Words = method is not null ? $"memory touched in the last {Length(window ?? last.Interval)}, by {method.Means}"
                : last.IsEnabled ? "no method that tells which memory is touched works here: the tables show what is held"
                : "working sets are switched off: the tables show what is held",
            Precision = method?.Precision,
            Limits = _limits,
        };
    }

    /// <summary>A time as people say it.</summary>
    internal static string Length(TimeSpan time) => time.TotalMinutes >= 2 && Math.Abs(time.TotalMinutes - Math.Round(time.TotalMinutes)) < 0.05
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{(time.TotalSeconds < 10 ? Math.Round(time.TotalSeconds, 1) : Math.Round(time.TotalSeconds)):0.#} s");

    private List<FindingView> Find() => !last.IsEnabled ? [] :
    [
        .. from finding in WorkingSetDescriptor.Find(last.Host.Paths, last.Probes, last.Method)
           where finding.State != HostFinding.Ok
           select new FindingView(finding.State, finding.Topic, finding.Reason, finding.Detail, finding.Advice.Length == 0 ? null : finding.Advice),
    ];
}
