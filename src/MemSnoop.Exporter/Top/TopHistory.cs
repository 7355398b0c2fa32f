using MemSnoop.Exporter.View;

namespace MemSnoop.Exporter.Top;

/// <summary>What processes used and held in the last windows since <c>memsnoop top</c> began: for the line in the details of one.</summary>
internal sealed class TopHistory
{
    /// <summary>How many windows are kept of a process.</summary>
    internal const int Windows = 60;

    private readonly Dictionary<string, Queue<ulong>> _used = new(StringComparer.Ordinal);
    private long _round = -1;

    /// <summary>Takes the windows of a round, once.</summary>
    internal void Take(Overview overview)
    {
        if (overview.Round == _round)
        {
            return;
        }

        _round = overview.Round;
        foreach (RowView row in overview.Processes.Rows)
        {
            if ((row.UsedBytes ?? row.UpperBytes) is { } bytes)
            {
                if (!_used.TryGetValue(row.Id, out Queue<ulong>? windows))
                {
                    _used.Add(row.Id, windows = new Queue<ulong>());
                }

                windows.Enqueue(bytes);
                if (windows.Count > Windows)
                {
                    windows.Dequeue();
                }
            }
        }

        Forget(overview);
    }

    /// <summary>The windows of a process, the oldest first.</summary>
    internal IReadOnlyCollection<ulong> Of(string id) => _used.TryGetValue(id, out Queue<ulong>? windows) ? windows : [];

    // Processes that are not among the rows any more may come back; those of thousands that have ended must not stay.
    private void Forget(Overview overview)
    {
        if (_used.Count > (2 * overview.Processes.Rows.Count) + 1000)
        {
            HashSet<string> shown = [.. overview.Processes.Rows.Select(static row => row.Id)];
            foreach (string id in _used.Keys.Where(id => !shown.Contains(id)).ToArray())
            {
                _used.Remove(id);
            }
        }
    }
}
