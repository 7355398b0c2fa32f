using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// The ids that somebody asks for and no source has told, and when to look for them: at once, then after 1, 2, 4 s and so on, at least once a minute for as long as somebody
/// asks. For one thread at a time.
/// </summary>
internal sealed class MissingNames(TimeProvider clock)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Who wants a name asks at each collection; what nobody has asked for in this time is not looked for any more.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>More unknown ids than any node has containers.</summary>
    private const int Most = 10_000;

    private readonly Dictionary<string, Miss> _misses = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    internal int Count => _misses.Count;

    /// <summary>All of them.</summary>
    internal IEnumerable<string> Ids => _misses.Keys;

    /// <summary>Notes that somebody asks for an id. True if nobody did before.</summary>
    internal bool Want(string id)
    {
        if (_misses.Count >= Most && !_misses.ContainsKey(id))
        {
            return false;
        }

        ref Miss miss = ref CollectionsMarshal.GetValueRefOrAddDefault(_misses, id, out bool isKnown);
        long now = clock.GetTimestamp();
        miss = isKnown ? miss with { Asked = now } : new Miss(now, now, FirstWait, IsNew: true, IsLookedFor: false);
        return !isKnown;
    }

    /// <summary>Whether all sources were asked for an id and one of them answered, so that it is known to have no name.</summary>
    internal bool WasLookedFor(string id) => _misses.TryGetValue(id, out Miss miss) && miss.IsLookedFor;

    /// <summary>Has an id not looked for any more.</summary>
    internal void Remove(string id) => _misses.Remove(id);

    /// <summary>Has no id looked for any more that is known now.</summary>
    internal void RemoveAll(Func<string, bool> isKnown)
    {
        foreach (string id in _misses.Keys)
        {
            if (isKnown(id))
            {
                _misses.Remove(id);
            }
        }
    }

    /// <summary>How long until one is to be looked for; a minute if there is none.</summary>
    internal TimeSpan Due()
    {
        TimeSpan due = LongestWait;
        foreach (Miss miss in _misses.Values)
        {
            TimeSpan left = miss.Wait - clock.GetElapsedTime(miss.Looked);
            due = miss.IsNew ? TimeSpan.Zero : left < due ? left : due;
        }

        return due;
    }

    /// <summary>Notes what was found, what nobody wants any more, and when to look for the rest.</summary>
    /// <param name="wanted">The ids that were looked for.</param>
    /// <param name="isWhole">Whether all sources were asked.</param>
    /// <param name="isAnswered">Whether one of them answered.</param>
    /// <param name="isKnown">Whether an id is known now.</param>
    internal void Settle(IEnumerable<string> wanted, bool isWhole, bool isAnswered, Func<string, bool> isKnown)
    {
        long now = clock.GetTimestamp();
        foreach (string id in wanted)
        {
            ref Miss miss = ref CollectionsMarshal.GetValueRefOrNullRef(_misses, id);
            if (Unsafe.IsNullRef(ref miss))
            {
                continue;
            }

            if (isKnown(id) || clock.GetElapsedTime(miss.Asked, now) > Patience)
            {
                _misses.Remove(id);
                continue;
            }

            TimeSpan next = miss.IsNew ? FirstWait : miss.Wait * 2 < LongestWait ? miss.Wait * 2 : LongestWait;
            miss = miss with
            {
                Looked = now,

                // A source that was left out may know.
                Wait = isWhole ? next : miss.Wait,
                IsNew = false,
                IsLookedFor = miss.IsLookedFor || (isWhole && isAnswered),
            };
        }
    }

    /// <summary>An id that no source has told.</summary>
    /// <param name="Asked">When somebody last asked for it.</param>
    /// <param name="Looked">When it was last looked for.</param>
    /// <param name="Wait">How long after that to look again.</param>
    /// <param name="IsNew">Whether it has not been looked for yet.</param>
    /// <param name="IsLookedFor">Whether all sources have been read since it was first asked for, one of them with success.</param>
    private readonly record struct Miss(long Asked, long Looked, TimeSpan Wait, bool IsNew, bool IsLookedFor);
}
