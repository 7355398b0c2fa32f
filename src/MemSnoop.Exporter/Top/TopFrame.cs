using System.Globalization;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Exporter.View;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MemSnoop.Exporter.Top;

/// <summary>What <c>memsnoop top</c> shows, as a picture of text.</summary>
/// <param name="state">What is shown.</param>
/// <param name="source">Where the numbers come from.</param>
/// <param name="clock">The clock.</param>
internal sealed class TopFrame(TopState state, string source, TimeProvider clock)
{
    // Above the rows: the host, the method, the windows, a blank line and the headings. Below: the keys.
    private const int LinesAround = 6;

    /// <summary>The whole window.</summary>
    internal IRenderable Draw(int width, int height)
    {
        List<IRenderable> lines = [.. Head(width)];
        if (state.ShowsHelp)
        {
            lines.AddRange(Help.Select(line => Line(line, width)));
        }
        else if (state.Details is { } row)
        {
            lines.AddRange(TopDetails.Draw(row, state.HasEnded, clock.GetUtcNow()).Select(line => Line(line, width)));
        }
        else
        {
            lines.Add(Table(width, Math.Max(1, height - LinesAround), showsSelection: true));
        }

        return new Bottom(lines, Foot(width), height);
    }

    /// <summary>Once: all rows that were read, and no keys.</summary>
    internal IRenderable DrawOnce(int width) => new Rows([.. Head(width), Table(width, int.MaxValue, showsSelection: false)]);

    private static readonly string[] Help =
    [
        "  up down j k  PgUp PgDn Home   choose a row",
        "  Enter                         show one process alone; Esc goes back",
        "  Tab                           processes, containers, groups",
        "  /                             search; Esc ends that",
        "  r u i s                       sort by resident, used, idle, idle share",
        "  g n p t                       sort by growth, name, pid, start",
        "  q                             quit",
        "",
        "RESIDENT is what it holds, USED what it accessed within the last window,",
        "IDLE what it did not, for certain. A dash is what is not known.",
        "<= stands before a bound: something disturbed the window.",
    ];

    private IEnumerable<IRenderable> Head(int width)
    {
        if (state.Overview is not { } all)
        {
            yield return Line($"memsnoop top: {source}", width);
            yield break;
        }

        HostMemory host = all.Host;
        yield return Line($"{Part("memory", host.TotalBytes)}: " + string.Join(", ", new[]
        {
            Part("used", host.UsedBytes), Part("idle", Idle(host)), Part(host.Idle is null ? "programs" : "not known", host.UnknownBytes), Part("cache", host.PageCacheBytes),
            Part("kernel", host.KernelBytes), Part("free", host.FreeBytes),
        }.OfType<string>()), width);
        yield return Line(SafeText.Of(all.Method is { Name: null, Limits: [{ } why, ..] } ? $"{all.Method.Words}: {why.Detail}" : all.Method.Words), width);
        yield return state.Problem.Length > 0 ? new Text(Cut(SafeText.Of(state.Problem), width), new Style(Color.Red)) : Line($"{Count()}; {Windows(all.Windows)}", width);
        yield return new Text(" ");
    }

    private static string? Part(string name, ulong? bytes) => bytes is { } known ? $"{name} {ShortNumber.Bytes(known)}" : null;

    private static ulong? Idle(HostMemory host) => host.Idle is { } bands ? (ulong)bands.Sum(static band => (double)band.Bytes) : null;

    private string Count()
    {
        TableView table = state.Rows!;
        if (state.Details is not null)
        {
            return $"by {SafeText.Of(source)}";
        }

        string what = state.Table switch { TopTable.Containers => "containers", TopTable.Groups => "groups", _ => "processes" };
        return state.Search.Length == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{what} {table.Total}, by {SafeText.Of(source)}")
            : string.Create(CultureInfo.InvariantCulture, $"{what} {table.Matching} of {table.Total} with '{SafeText.Of(state.Search)}'");
    }

    private string Windows(WindowTimesView windows)
    {
        double now = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        return windows.Next is not { } next ? "no windows are measured"
            : string.Create(CultureInfo.InvariantCulture, $"{(windows.HasEnded ? "next" : "first")} windows in {Math.Max(0, next - now):F0} s");
    }

    private Table Table(int width, int room, bool showsSelection)
    {
        IReadOnlyList<TopColumn> columns = TopColumn.For(state.Table, width);
        Table table = new Table().NoBorder();
        foreach (TopColumn column in columns)
        {
            string heading = column.Sort == state.Sort ? column.Heading + "*" : column.Heading;
            table.AddColumn(new TableColumn(new Text(heading, new Style(decoration: Decoration.Bold)) { Overflow = Overflow.Crop })
            {
                Width = column.Width, NoWrap = true, Padding = new Padding(0, 0, column == columns[^1] ? 0 : TopColumn.Gap, 0), Alignment = column.IsText ? Justify.Left : Justify.Right,
            });
        }

        IReadOnlyList<RowView> rows = state.Rows?.Rows ?? [];
        int first = showsSelection ? state.FirstRow(room) : 0;
        for (int i = first; i < rows.Count && i - first < room; i++)
        {
            Decoration chosen = showsSelection && i == state.Selected ? Decoration.Invert : Decoration.None;
            RowView row = rows[i];
            table.AddRow(columns.Select(column =>
            {
                (string text, Ink ink) = column.Show(row);
                return new Text(text, StyleOf(ink, chosen)) { Overflow = Overflow.Ellipsis };
            }));
        }

        return table;
    }

    private Text Foot(int width) => Line(
        state.IsSearching ? $"search: {SafeText.Of(state.Search)}_"
        : state.ShowsHelp ? "any key goes back"
        : state.Details is not null ? "Esc back"
        : "q quit  Enter details  r u i s g n p sort  Tab tables  / search  h help", width);

    private static Text Line(string text, int width) => new(text.Length == 0 ? " " : Cut(text, width));

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    private static Style StyleOf(Ink ink, Decoration decoration) => ink switch
    {
        Ink.Warm => new Style(Color.Olive, decoration: decoration),
        Ink.Faint => new Style(Color.Grey, decoration: decoration),
        _ => new Style(decoration: decoration),
    };

    /// <summary>Lines from the top on, and one in the last line of the window.</summary>
    private sealed class Bottom(IReadOnlyList<IRenderable> lines, IRenderable foot, int height) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            List<SegmentLine> above = Segment.SplitLines(((IRenderable)new Rows(lines)).Render(options, maxWidth), maxWidth, height - 1);
            foreach (SegmentLine line in above)
            {
                foreach (Segment segment in line)
                {
                    yield return segment;
                }

                yield return Segment.LineBreak;
            }

            for (int i = above.Count; i < height - 1; i++)
            {
                yield return Segment.LineBreak;
            }

            foreach (Segment segment in foot.Render(options, maxWidth))
            {
                yield return segment;
            }
        }
    }
}
