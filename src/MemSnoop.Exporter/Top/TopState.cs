using System.Globalization;
using MemSnoop.Exporter.View;

namespace MemSnoop.Exporter.Top;

/// <summary>Which of the tables is shown.</summary>
internal enum TopTable
{
    /// <summary>Processes.</summary>
    Processes,

    /// <summary>Containers.</summary>
    Containers,

    /// <summary>Groups of processes.</summary>
    Groups,
}

/// <summary>What <c>memsnoop top</c> shows, and how keys change that. It knows no terminal.</summary>
/// <param name="sort">By which column at first.</param>
/// <param name="search">What to search for at first.</param>
internal sealed class TopState(SortColumn sort, string search)
{
    // A query knows no longer ones.
    private const int LongestSearch = 64;

    // Rows above and below those on the screen are asked for too: so a few keys need no answer.
    private const int Spare = 50;

    private string _searchBefore = search;
    private int _offset;

    /// <summary>By which column it is sorted.</summary>
    internal SortColumn Sort { get; private set; } = sort;

    /// <summary>What the rows contain; empty for all.</summary>
    internal string Search { get; private set; } = search;

    /// <summary>Whether keys are letters to search for.</summary>
    internal bool IsSearching { get; private set; }

    /// <summary>Whether the keys are explained.</summary>
    internal bool ShowsHelp { get; private set; }

    /// <summary>Which table is shown.</summary>
    internal TopTable Table { get; private set; }

    /// <summary>The process that is shown alone; null while the table is.</summary>
    internal RowView? Details { get; private set; }

    /// <summary>Whether that process has ended.</summary>
    internal bool HasEnded { get; private set; }

    /// <summary>Whether it is over.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>What was read last; null before the first time.</summary>
    internal Overview? Overview { get; private set; }

    /// <summary>Why there is nothing newer; empty if there is.</summary>
    internal string Problem { get; private set; } = "";

    /// <summary>The chosen row, from 0.</summary>
    internal int Selected { get; private set; }

    /// <summary>How many rows there is room for.</summary>
    internal int Room { get; private set; } = 20;

    /// <summary>The rows of the table that is shown.</summary>
    internal TableView? Rows => Overview is null ? null : Table switch
    {
        TopTable.Containers => Overview.Containers,
        TopTable.Groups => Overview.Groups,
        _ => Overview.Processes,
    };

    /// <summary>What to ask for. Whose details are shown may not be among the first.</summary>
    internal TableQuery Query => Details?.Pid is int pid
        ? new TableQuery(TableQuery.MostRows, Sort, pid.ToString(CultureInfo.InvariantCulture))
        : new TableQuery(Math.Min(_offset + Room + Spare, TableQuery.MostRows), Sort, Search);

    /// <summary>The first row on the screen, so that the chosen one is on it.</summary>
    internal int FirstRow(int room)
    {
        Room = Math.Max(room, 1);
        _offset = Math.Clamp(_offset, Math.Max(0, Selected - Room + 1), Selected);
        return _offset;
    }

    /// <summary>Takes what was read.</summary>
    internal void Take(Overview overview)
    {
        Problem = "";
        Overview = overview;
        if (Details is { } shown)
        {
            RowView? now = overview.Processes.Rows.FirstOrDefault(row => row.Id == shown.Id);
            HasEnded = now is null;
            Details = now ?? shown;
        }

        Selected = Math.Clamp(Selected, 0, Math.Max(0, (Rows?.Rows.Count ?? 0) - 1));
    }

    /// <summary>Takes note that nothing could be read: what there is stays on the screen.</summary>
    internal void Fail(string problem) => Problem = problem;

    /// <summary>Shows one process; false if there is none of that pid.</summary>
    internal bool Show(int pid)
    {
        Details = Overview?.Processes.Rows.FirstOrDefault(row => row.Pid == pid);
        return Details is not null;
    }

    /// <summary>Takes a key; true if other rows have to be read for it.</summary>
    internal bool Press(ConsoleKeyInfo key)
    {
        if (IsSearching)
        {
            return Edit(key);
        }

        if (ShowsHelp)
        {
            ShowsHelp = false;
            return false;
        }

        return Details is not null ? Leave(key) : Command(key);
    }

    private bool Leave(ConsoleKeyInfo key)
    {
        if (key.Key is ConsoleKey.Escape or ConsoleKey.Enter or ConsoleKey.LeftArrow or ConsoleKey.Backspace || key.KeyChar == 'q')
        {
            Details = null;
            HasEnded = false;
            return true;
        }

        return false;
    }

    private bool Command(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.UpArrow:
                return Move(-1);
            case ConsoleKey.DownArrow:
                return Move(1);
            case ConsoleKey.PageUp:
                return Move(-Room);
            case ConsoleKey.PageDown:
                return Move(Room);
            case ConsoleKey.Home:
                return Move(-TableQuery.MostRows);
            case ConsoleKey.Enter or ConsoleKey.RightArrow:
                Details = Table == TopTable.Processes ? Rows?.Rows.ElementAtOrDefault(Selected) : null;
                return Details is not null;
            case ConsoleKey.Tab:
                Table = (TopTable)(((int)Table + 1) % 3);
                (Selected, _offset) = (0, 0);
                return false;
            case ConsoleKey.Escape:
                return Find("");
        }

        switch (key.KeyChar)
        {
            case 'q':
                IsDone = true;
                return false;
            case 'k':
                return Move(-1);
            case 'j':
                return Move(1);
            case '/':
                IsSearching = true;
                _searchBefore = Search;
                return false;
            case 'h' or '?':
                ShowsHelp = true;
                return false;
            default:
                return SortBy(key.KeyChar);
        }
    }

    private bool SortBy(char letter)
    {
        SortColumn? column = letter switch
        {
            'r' => SortColumn.Resident,
            'u' => SortColumn.Used,
            'i' => SortColumn.Idle,
            's' => SortColumn.IdleShare,
            'g' => SortColumn.Growth,
            'n' => SortColumn.Name,
            'p' => SortColumn.Pid,
            't' => SortColumn.Started,
            _ => null,
        };
        if (column is null || column == Sort)
        {
            return false;
        }

        Sort = column.Value;
        (Selected, _offset) = (0, 0);
        return true;
    }

    private bool Edit(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                IsSearching = false;
                return false;
            case ConsoleKey.Escape:
                IsSearching = false;
                return Find(_searchBefore);
            case ConsoleKey.Backspace:
                return Search.Length > 0 && Find(Search[..^1]);
            default:
                return !char.IsControl(key.KeyChar) && Search.Length < LongestSearch && Find(Search + key.KeyChar);
        }
    }

    private bool Find(string text)
    {
        bool isOther = text != Search;
        Search = text;
        (Selected, _offset) = (0, 0);
        return isOther;
    }

    private bool Move(int rows)
    {
        Selected = Math.Clamp(Selected + rows, 0, Math.Max(0, (Rows?.Rows.Count ?? 0) - 1));
        FirstRow(Room);

        // The rows that were read are about to end, and there are more.
        return Rows is { } table && table.Rows.Count < table.Matching && _offset + Room >= table.Rows.Count;
    }
}
