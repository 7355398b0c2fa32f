using System.Text;
using MemSnoop.Metrics.Sampling;
using MemSnoop.ProcFs;

namespace MemSnoop.Exporter.View.HeatMaps;

/// <summary>
/// Active pages by address and time, folded as they come: at most 512 rows, each for as many pages as it takes, and a column for each window. So a recording takes at most 2 MB, however large
/// the process is. Not for two threads at once, but for <see cref="ToView"/>.
/// </summary>
/// <param name="pageBytes">The size of a page.</param>
internal sealed class PageHeat(ulong pageBytes) : IRecordedPages
{
    /// <summary>The most rows of pages that were active; rows between them that were not are shown beside.</summary>
    internal const int MostRows = 512;

    /// <summary>The longest run of idle rows that is shown. Longer ones are left out.</summary>
    private const int MostIdleRows = 8;

    private readonly Lock _gate = new();
    private readonly List<Column> _columns = [];
    private readonly SortedDictionary<ulong, uint> _running = [];
    private readonly List<Area> _areas = [];
    private List<Area> _shownAreas = [];
    private int _shift;

    /// <summary>How many windows have been taken.</summary>
    internal int Columns
    {
        get
        {
            lock (_gate)
            {
                return _columns.Count;
            }
        }
    }

    public void Begin()
    {
        _running.Clear();
        _areas.Clear();
    }

    public void AddArea(in MapsEntry area)
    {
        ulong first = area.Start / pageBytes;
        ulong end = area.End / pageBytes;

        // Neighbours of one name are one area for whoever looks.
        if (_areas.Count > 0 && _areas[^1] is var before && before.End == first && IsSame(before.Name, area.Path))
        {
            _areas[^1] = before with { End = end };
            return;
        }

        int at = _areas.Count;
        string name = at < _shownAreas.Count && IsSame(_shownAreas[at].Name, area.Path) ? _shownAreas[at].Name : Encoding.UTF8.GetString(area.Path);
        _areas.Add(new Area(first, end, name));
    }

    public void AddActive(ulong firstPage, int count)
    {
        ulong end = firstPage + (ulong)count;
        for (ulong page = firstPage; page < end;)
        {
            ulong row = page >> _shift;
            ulong next = Math.Min(end, (row + 1) << _shift);
            _running[row] = _running.GetValueOrDefault(row) + (uint)(next - page);
            page = next;
            if (_running.Count > MostRows)
            {
                lock (_gate)
                {
                    Coarsen();
                }
            }
        }
    }

    public void EndWindow(TimeSpan window)
    {
        lock (_gate)
        {
            _columns.Add(new Column(window, [.. _running.Keys], [.. _running.Values]));
            _shownAreas = [.. _areas];
            while (RowsOfAll().Count > MostRows)
            {
                Coarsen();
            }
        }
    }

    /// <summary>The map so far; null before the first window has ended.</summary>
    internal HeatView? ToView()
    {
        lock (_gate)
        {
            if (_columns.Count == 0)
            {
                return null;
            }

            List<HeatBandView> bands = Bands([.. RowsOfAll()], out Dictionary<ulong, int> places, out int rows);
            byte[] cells = new byte[rows * _columns.Count];
            for (int column = 0; column < _columns.Count; column++)
            {
                Column taken = _columns[column];
                for (int i = 0; i < taken.Rows.Length; i++)
                {
                    // A small share is never 0; an area that grew downwards while it was read is told of twice.
                    double share = Math.Min(1, (double)taken.Pages[i] / (1UL << _shift));
                    cells[(column * rows) + places[taken.Rows[i]]] = (byte)(1 + Math.Round(share * 254));
                }
            }

            return new HeatView(rows, _columns.Count, pageBytes << _shift, bands, [.. _columns.Select(static column => column.Window.TotalSeconds)], cells);
        }
    }

    private SortedSet<ulong> RowsOfAll()
    {
        SortedSet<ulong> rows = [];
        foreach (Column column in _columns)
        {
            rows.UnionWith(column.Rows);
        }

        return rows;
    }

    // Two rows become one, in all columns.
    private void Coarsen()
    {
        _shift++;
        Halve(_running.Keys, _running.Values, out ulong[] running, out uint[] pages);
        _running.Clear();
        for (int i = 0; i < running.Length; i++)
        {
            _running.Add(running[i], pages[i]);
        }

        for (int column = 0; column < _columns.Count; column++)
        {
            Halve(_columns[column].Rows, _columns[column].Pages, out ulong[] rows, out uint[] counts);
            _columns[column] = new Column(_columns[column].Window, rows, counts);
        }
    }

    private static void Halve(IEnumerable<ulong> rows, IEnumerable<uint> pages, out ulong[] halved, out uint[] sums)
    {
        List<ulong> keys = [];
        List<uint> values = [];
        foreach ((ulong row, uint count) in rows.Zip(pages))
        {
            if (keys.Count > 0 && keys[^1] == row >> 1)
            {
                values[^1] += count;
            }
            else
            {
                keys.Add(row >> 1);
                values.Add(count);
            }
        }

        (halved, sums) = ([.. keys], [.. values]);
    }

    private List<HeatBandView> Bands(ulong[] active, out Dictionary<ulong, int> places, out int rows)
    {
        List<HeatBandView> bands = [];
        places = new Dictionary<ulong, int>(active.Length);
        rows = 0;
        for (int i = 0; i < active.Length;)
        {
            ulong first = active[i];
            string name = NameOf(first);
            ulong last = first;
            int begin = rows;
            for (; i < active.Length && active[i] - last <= MostIdleRows && NameOf(active[i]) == name; i++)
            {
                last = active[i];
                places[last] = begin + (int)(last - first);
            }

            int count = (int)(last - first) + 1;
            bands.Add(new HeatBandView(name, first * (pageBytes << _shift), begin, count));
            rows += count;
        }

        return bands;
    }

    /// <summary>The name of the first area that has pages of a row; empty for memory without a name, or one that has gone.</summary>
    private string NameOf(ulong row)
    {
        ulong first = row << _shift;
        ulong end = (row + 1) << _shift;
        int low = 0;
        int high = _shownAreas.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _shownAreas[middle].End <= first ? (middle + 1, high) : (low, middle);
        }

        return low < _shownAreas.Count && _shownAreas[low].First < end ? _shownAreas[low].Name : "";
    }

    private static bool IsSame(string name, ReadOnlySpan<byte> path) =>
        Encoding.UTF8.GetByteCount(name) == path.Length && path.SequenceEqual(Encoding.UTF8.GetBytes(name));

    private readonly record struct Area(ulong First, ulong End, string Name);

    private readonly record struct Column(TimeSpan Window, ulong[] Rows, uint[] Pages);
}
