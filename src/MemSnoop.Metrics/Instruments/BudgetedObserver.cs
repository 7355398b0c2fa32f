using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>The callback of an instrument that is not about processes, within a budget of series: it counts them, and leaves out those of whom the budget has no room for.</summary>
internal sealed class BudgetedObserver<T>(SeriesBudget budget, SeriesSubject subject, Func<IEnumerable<Measurement<T>>> observe) : BudgetedInstrument(budget, subject)
    where T : struct
{
    private readonly string? _key = SeriesSubjects.KeyOf(subject);

    // Two exporters may collect at once; the second makes one of its own.
    private Dictionary<string, int>? _spare = new(StringComparer.Ordinal);

    internal IEnumerable<Measurement<T>> Observe()
    {
        Dictionary<string, int> counts = Interlocked.Exchange(ref _spare, null) ?? new(StringComparer.Ordinal);
        int all = 0;
        foreach (Measurement<T> measurement in observe())
        {
            if (_key is null ? Count(++all) : Take(NameIn(measurement.Tags), counts))
            {
                yield return measurement;
            }
        }

        counts.Clear();
        _spare = counts;
    }

    /// <inheritdoc/>
    internal override void Learn()
    {
        foreach (Measurement<T> _ in Observe())
        {
        }
    }

    private bool Take(string name, Dictionary<string, int> counts)
    {
        bool isWithin = Count(++CollectionsMarshal.GetValueRefOrAddDefault(counts, name, out _));
        return Budget.IsAdmitted(Subject, name) && isWithin;
    }

    private string NameIn(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == _key)
            {
                return value as string ?? "";
            }
        }

        return "";
    }
}
