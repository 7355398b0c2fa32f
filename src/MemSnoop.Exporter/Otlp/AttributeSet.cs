using System.Diagnostics.CodeAnalysis;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Compares the attributes of measurements, which come as spans, with those that are kept, which are arrays. They come in one order.</summary>
internal sealed class AttributeSet
    : IEqualityComparer<KeyValuePair<string, object?>[]>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
{
    public static AttributeSet Comparer { get; } = new();

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
