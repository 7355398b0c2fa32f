using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Numerics;

namespace MemSnoop.Exporter.Otlp;

/// <summary>One series of an instrument: what was observed, and what the SDK gets.</summary>
internal sealed class PushedSeries<T>(KeyValuePair<string, object?>[] attributes)
    where T : struct, INumber<T>
{
    private Measurement<T> _told = new(T.Zero, attributes.AsSpan());

    public KeyValuePair<string, object?>[] Attributes => attributes;

    /// <summary>The value in the latest collection that had one.</summary>
    public T Value { get; set; }

    /// <summary>The number of that collection, as the stream counts; 0 before the first.</summary>
    public long SeenIn { get; set; }

    /// <summary>The number of the collection after which the SDK was told last; it has forgotten a delta series that it was not told of the time before.</summary>
    public long ToldIn { get; set; }

    /// <summary>The number of the stream's meter for which the SDK has a slot for it.</summary>
    public int Meter { get; set; }

    /// <summary>For deltas: how much of the value the receiver has.</summary>
    public T Received { get; set; }

    /// <summary>For deltas: when the counted thing began, if known. It tells a successor with the same attributes apart.</summary>
    public double? Created { get; set; }

    /// <summary>What the SDK is told.</summary>
    public ref readonly Measurement<T> Told => ref _told;

    // A measurement copies its attributes to the heap when it is made, so it is kept while the value stays.
    public void Tell(T value)
    {
        if (!_told.Value.Equals(value))
        {
            _told = new Measurement<T>(value, attributes.AsSpan());
        }
    }
}

/// <summary>Compares attributes of observations, which are spans, with kept ones, which are arrays. They always have the same order.</summary>
internal sealed class AttributeComparer
    : IEqualityComparer<KeyValuePair<string, object?>[]>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
{
    public static AttributeComparer Instance { get; } = new();

    public bool Equals(KeyValuePair<string, object?>[]? left, KeyValuePair<string, object?>[]? right) =>
        ReferenceEquals(left, right) || (left is not null && right is not null && Equals(left.AsSpan(), right));

    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, KeyValuePair<string, object?>[] other)
    {
        if (alternate.Length != other.Length)
        {
            return false;
        }

        for (int i = 0; i < other.Length; i++)
        {
            if (!string.Equals(alternate[i].Key, other[i].Key, StringComparison.Ordinal) || !Equals(alternate[i].Value, other[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    public int GetHashCode([DisallowNull] KeyValuePair<string, object?>[] attributes) => GetHashCode(attributes.AsSpan());

    // The values: keys are the same for all sets of an instrument.
    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> attributes)
    {
        HashCode hash = default;
        foreach ((_, object? value) in attributes)
        {
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public KeyValuePair<string, object?>[] Create(ReadOnlySpan<KeyValuePair<string, object?>> attributes) => attributes.ToArray();
}
