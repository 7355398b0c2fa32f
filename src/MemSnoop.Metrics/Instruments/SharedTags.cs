using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>
/// Makes the measurements of one observation without a copy of their attributes. A <see cref="Measurement{T}"/> copies them to the heap when it is made: 56 bytes or
/// more for each of 27,000 series. Whoever observes reads them before it asks for the next measurement, so the array of the process does, or one that is
/// written over by the next.
/// </summary>
internal sealed class SharedTags<T>
    where T : struct
{
    // By length: some processes have one attribute more.
    private readonly KeyValuePair<string, object?>[]?[] _scratch = new KeyValuePair<string, object?>[WatchedProcess.MostAttributes + 2][];

    // The attributes that were copied last, with which attribute in between: the next series of a process differs in that one's value alone.
    private KeyValuePair<string, object?>[]? _copied;
    private string? _key;
    private int _keyAt;

    /// <summary>A measurement, valid until the next one is made.</summary>
    internal Measurement<T> Measure(T value, WatchedProcess process, string? key, string? keyValue)
    {
        KeyValuePair<string, object?>[] common = process.Attributes;
        if (key is null)
        {
            return Measure(value, common);
        }

        int length = common.Length + 1;
        KeyValuePair<string, object?>[] tags = _scratch[length] ??= new KeyValuePair<string, object?>[length];
        if (ReferenceEquals(common, _copied) && ReferenceEquals(key, _key))
        {
            tags[_keyAt] = new(key, keyValue);
        }
        else
        {
            _keyAt = WatchedProcess.CopyWith(common, key, keyValue, tags);
            (_copied, _key) = (common, key);
        }

        return Measure(value, tags);
    }

    /// <summary>A measurement with an array of attributes that stays as it is until the next one is made.</summary>
    internal static Measurement<T> Measure(T value, KeyValuePair<string, object?>[] tags)
    {
        if (!Field.IsKnown)
        {
            return new Measurement<T>(value, tags.AsSpan());
        }

        Measurement<T> measurement = new(value);
        Field.Of(ref measurement) = tags;
        return measurement;
    }

    /// <summary>The field in which a measurement keeps its attributes.</summary>
    private static class Field
    {
        /// <summary>False in a runtime that has renamed it; then the constructor copies them.</summary>
        internal static readonly bool IsKnown = Probe();

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_tags")]
        internal static extern ref KeyValuePair<string, object?>[] Of(ref Measurement<T> measurement);

        private static bool Probe()
        {
            try
            {
                Measurement<T> measurement = default;
                Of(ref measurement) = [];
                return true;
            }
            catch (MissingFieldException)
            {
                return false;
            }
        }
    }
}
