using System.Runtime.CompilerServices;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Pages by the number of the pass that last saw them accessed.</summary>
[InlineArray(256)]
internal struct EpochCounts
{
    private long _first;

    /// <summary>Counts each age. Long stretches of one age are the rule, and a counter is slow to raise twice in a row.</summary>
    internal void Add(ReadOnlySpan<byte> ages)
    {
        const int Stretch = 32;
        while (ages.Length >= Stretch)
        {
            int same = ages.IndexOfAnyExcept(ages[0]);
            same = same < 0 ? ages.Length : same;
            this[ages[0]] += same;
            ages = ages[same..];
            if (same < Stretch && ages.Length >= Stretch)
            {
                // Mixed: the search would cost more than the counting.
                AddEach(ages[..Stretch]);
                ages = ages[Stretch..];
            }
        }

        AddEach(ages);
    }

    private void AddEach(ReadOnlySpan<byte> ages)
    {
        foreach (byte age in ages)
        {
            this[age]++;
        }
    }
}
