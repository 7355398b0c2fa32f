using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// The times of passes, numbered in one byte: the age of a page is the number of the pass that last saw it accessed, so
/// a page that stays idle costs no write at all. When the numbers run out, times that no longer matter are joined, always into the younger one: memory is
/// never reported idle for longer than it was.
/// </summary>
internal sealed class Epochs(TimeSpan longest)
{
    /// <summary>The number of a page that is not present.</summary>
    internal const byte Absent = 255;

    private const int Most = 255;

    /// <summary>How many numbers remain after joining, so that it is rarely needed.</summary>
    private const int MostKept = 192;

    private readonly TimeSpan[] _times = new TimeSpan[Most];
    private int _count;

    /// <summary>The number of the pass under way.</summary>
    internal byte Current => (byte)(_count - 1);

    /// <summary>The number of the pass before; of this one when it is the first.</summary>
    internal byte Previous => (byte)Math.Max(0, _count - 2);

    /// <summary>When the pass of a number took place.</summary>
    internal TimeSpan this[int epoch] => _times[epoch];

    internal int Count => _count;

    /// <summary>
    /// Begins a pass. If numbers were joined, returns the table with which all kept ages must be rewritten.
    /// </summary>
    internal byte[]? Begin(TimeSpan now)
    {
        byte[]? table = _count == Most ? Join(now) : null;
        _times[_count++] = now;
        return table;
    }

    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Number(_count);
        foreach (TimeSpan time in _times.AsSpan(0, _count))
        {
            writer.Before(time, now);
        }
    }

    internal void Read(AgesReader reader, TimeSpan now)
    {
        int count = reader.Number(Most);
        for (_count = 0; _count < count; _count++)
        {
            _times[_count] = reader.Before(now);
            if (_count > 0 && _times[_count] < _times[_count - 1])
            {
                throw new DamagedAgesException();
            }
        }

        if (count == 0)
        {
            throw new DamagedAgesException();
        }
    }

    /// <summary>Forgets all passes.</summary>
    internal void Clear() => _count = 0;

    private byte[] Join(TimeSpan now)
    {
        // Without limits on the distance between two times only those beyond the longest age are joined.
        double ratio = 1;
        while (CountKept(now, ratio) > MostKept)
        {
            ratio = ((ratio - 1) * 2) + 1.001;
        }

        byte[] table = new byte[256];
        table[Absent] = Absent;
        Span<bool> kept = stackalloc bool[Most];
        Choose(now, ratio, kept);
        int next = 0;
        for (int epoch = 0; epoch < Most; epoch++)
        {
            // Everything from the last kept time up to this one takes this, the younger.
            table[epoch] = (byte)next;
            if (kept[epoch])
            {
                _times[next++] = _times[epoch];
            }
        }

        _count = next;
        return table;
    }

    private int CountKept(TimeSpan now, double ratio)
    {
        Span<bool> kept = stackalloc bool[Most];
        return Choose(now, ratio, kept);
    }

    /// <summary>From the youngest to the oldest: keeps a time if it is older than the last kept one by the ratio.</summary>
    private int Choose(TimeSpan now, double ratio, Span<bool> kept)
    {
        int count = 0;
        TimeSpan last = TimeSpan.MinValue;
        for (int epoch = Most - 1; epoch >= 0; epoch--)
        {
            TimeSpan age = now - _times[epoch];
            bool isLongEnough = last >= longest;
            if (epoch >= Most - 2 || (!isLongEnough && age > last && age >= last * ratio))
            {
                kept[epoch] = true;
                last = age;
                count++;
            }
        }

        return count;
    }
}
