namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// What the last passes cost, each as a part of what it might have cost. Passes over the same memory differ: other programs take the processor's caches, and a virtual machine shares its
/// processors.
/// </summary>
internal sealed class RecentPasses
{
    /// <summary>The mean of so many is off by a third of what a single pass is. With windows of a minute they are ten minutes old at most.</summary>
    private const int Most = 10;

    private readonly double[] _parts = new double[Most];
    private int _next;

    /// <summary>How many are known.</summary>
    internal int Count { get; private set; }

    /// <summary>The least of the last two; of one, that.</summary>
    internal double LeastOfTwo { get; private set; }

    /// <summary>The mean without the most expensive one, which may have met something that does not come again.</summary>
    internal double Typical { get; private set; }

    /// <summary>What hardly any exceeds: the second most expensive where many are known, else the most expensive.</summary>
    internal double High { get; private set; }

    /// <summary>Adds a pass.</summary>
    internal void Add(double part)
    {
        LeastOfTwo = Count == 0 ? part : Math.Min(part, _parts[(_next + Most - 1) % Most]);
        _parts[_next] = part;
        _next = (_next + 1) % Most;
        Count = Math.Min(Count + 1, Most);

        double sum = 0;
        double first = double.NegativeInfinity;
        double second = double.NegativeInfinity;
        foreach (double known in _parts.AsSpan(0, Count))
        {
            sum += known;
            second = Math.Max(second, Math.Min(first, known));
            first = Math.Max(first, known);
        }

        Typical = Count == 1 ? part : (sum - first) / (Count - 1);
        High = Count >= Most - 2 ? second : first;
    }

    /// <summary>Forgets them: the next ones measure another share.</summary>
    internal void Clear() => (Count, _next) = (0, 0);
}
