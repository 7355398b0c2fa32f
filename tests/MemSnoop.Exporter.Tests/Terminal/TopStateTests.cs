using MemSnoop.Exporter.Top;
using MemSnoop.Exporter.View;

namespace MemSnoop.Exporter.Tests.Terminal;

/// <summary>What keys do to what <c>memsnoop top</c> shows, without a terminal.</summary>
public class TopStateTests
{
    private readonly TopState _state = new(SortColumn.Resident, "");

    [Fact]
    public void Keys_choose_a_row_within_the_table()
    {
        _state.Take(Make(3));
        Assert.False(Press(ConsoleKey.UpArrow));
        Assert.Equal(0, _state.Selected);
        Press(ConsoleKey.DownArrow);
        Press('j');
        Press('j');
        Assert.Equal(2, _state.Selected);
        _state.Take(Make(1));
        Assert.Equal(0, _state.Selected);
    }

    [Fact]
    public void The_chosen_row_is_on_the_screen_and_those_below_are_asked_for()
    {
        _state.Take(Make(100, matching: 500));
        Assert.Equal(0, _state.FirstRow(10));
        Assert.False(Press(ConsoleKey.PageDown));
        Assert.Equal(1, _state.FirstRow(10));
        for (int i = 0; i < 9; i++)
        {
            Press(ConsoleKey.PageDown);
        }

        Assert.Equal(90, _state.FirstRow(10));
        Assert.True(_state.Query.Top > 100);
        Press(ConsoleKey.Home);
        Assert.Equal(0, _state.FirstRow(10));
    }

    [Fact]
    public void Letters_sort_and_ask_anew()
    {
        _state.Take(Make(3));
        Assert.True(Press('u'));
        Assert.False(Press('u'));
        Assert.Equal(SortColumn.Used, _state.Query.Sort);
        Assert.False(Press('x'));
    }

    [Fact]
    public void A_search_is_typed_kept_and_ended()
    {
        _state.Take(Make(3));
        Assert.False(Press('/'));
        Assert.True(Press('q'));
        Assert.True(Press('u'));
        Assert.True(Press(ConsoleKey.Backspace));
        Assert.Equal(("q", true, false), (_state.Query.Search, _state.IsSearching, _state.IsDone));
        Press(ConsoleKey.Enter);
        Assert.Equal(("q", false), (_state.Search, _state.IsSearching));
        Assert.True(Press(ConsoleKey.Escape));
        Assert.Equal("", _state.Search);

        // Escape takes back what was typed.
        Press('/');
        Press('a');
        Press(ConsoleKey.Escape);
        Assert.Equal("", _state.Search);
        Assert.False(_state.IsDone);
        Press('q');
        Assert.True(_state.IsDone);
    }

    [Fact]
    public void A_process_is_shown_alone_and_stays_after_its_end()
    {
        _state.Take(Make(3));
        Press(ConsoleKey.DownArrow);
        Assert.True(Press(ConsoleKey.Enter));
        Assert.Equal("1-1", _state.Details!.Id);
        Assert.Equal("1", _state.Query.Search);
        _state.Take(Make(1));
        Assert.Equal(("1-1", true), (_state.Details.Id, _state.HasEnded));
        Press('q');
        Assert.Null(_state.Details);
        Assert.False(_state.IsDone);
        Assert.False(_state.Show(7));
    }

    [Fact]
    public void What_there_is_stays_when_there_is_no_answer()
    {
        _state.Take(Make(3));
        _state.Fail("gone");
        Assert.Equal(("gone", 3), (_state.Problem, _state.Rows!.Rows.Count));
        _state.Take(Make(2));
        Assert.Equal("", _state.Problem);
        Press(ConsoleKey.Tab);
        Assert.Empty(_state.Rows.Rows);
        Assert.False(Press(ConsoleKey.Enter));
    }

    private bool Press(char letter) => _state.Press(new ConsoleKeyInfo(letter, char.IsAsciiLetter(letter) ? (ConsoleKey)char.ToUpperInvariant(letter) : ConsoleKey.None, false, false, false));

    private bool Press(ConsoleKey key) => _state.Press(new ConsoleKeyInfo('\0', key, false, false, false));

    private static Overview Make(int rows, int? matching = null) => new()
    {
        Exporter = "1", Round = 1, At = 0, Host = new HostMemory(), Method = new MethodView { Words = "", Limits = [] },
        Windows = new WindowTimesView { IntervalSeconds = 1, HasEnded = true },
        Processes = new TableView(matching ?? rows, matching ?? rows, [.. Enumerable.Range(0, rows).Select(static i => new RowView { Id = $"{i}-1", Name = "x", Pid = i, ResidentBytes = 1 })]),
        Containers = new TableView(0, 0, []), Groups = new TableView(0, 0, []),
    };
}
