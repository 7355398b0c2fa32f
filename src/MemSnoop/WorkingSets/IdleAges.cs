using System.Runtime.CompilerServices;

namespace MemSnoop.WorkingSets;

/// <summary>The ages at which idle memory is reported: strictly increasing, the first 0 (all resident memory).</summary>
public sealed class IdleAges
{
    /// <summary>Maximum number of ages, so that a sample needs no heap memory.</summary>
    public const int MaxCount = 16;

    /// <summary>
    /// Windows start and end a little early or late. An age counts as reached this much before it has passed.
    /// </summary>
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(50);

    private readonly TimeSpan[] _ages;

    /// <summary>Ages from a list.</summary>
    /// <exception cref="ArgumentException">The list is empty, longer than <see cref="MaxCount"/>, does not start with 0 or does not increase.</exception>
    public IdleAges(IReadOnlyList<TimeSpan> ages)
    {
        ArgumentNullException.ThrowIfNull(ages);
        if (ages.Count is 0 or > MaxCount || ages[0] != TimeSpan.Zero || ages.Zip(ages.Skip(1)).Any(static pair => pair.First >= pair.Second))
        {
            throw new ArgumentException($"Idle ages must be 1 to {MaxCount}, increase strictly and start with 0.", nameof(ages));
        }

        _ages = [.. ages];
    }

    /// <summary>0, 30 s, 1, 2, 5, 10, 30 and 60 min.</summary>
    public static IdleAges Default { get; } = new(
    [
        TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2),
        TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1),
    ]);

    /// <summary>How many ages there are.</summary>
    public int Count => _ages.Length;

    /// <summary>The age at an index.</summary>
    public TimeSpan this[int index] => _ages[index];

    /// <summary>How many ages are reached by memory that has been idle for <paramref name="idle"/>.</summary>
    public int CountReached(TimeSpan idle)
    {
        int reached = 0;
        while (reached < _ages.Length && IsReached(reached, idle))
        {
            reached++;
        }

        return reached;
    }

    private bool IsReached(int index, TimeSpan idle)
    {
        TimeSpan age = _ages[index];
        return age == TimeSpan.Zero || idle >= age - Jitter - (age / 100);
    }
}

/// <summary>A value for each idle age, without heap memory.</summary>
[InlineArray(IdleAges.MaxCount)]
public struct IdleBytes
{
    private ulong _first;
}
