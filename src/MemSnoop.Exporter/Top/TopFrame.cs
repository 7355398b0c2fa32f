using System.Globalization;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Exporter.View;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MemSnoop.Exporter.Top;

/// <summary>What <c>memsnoop top</c> shows, as a picture of text.</summary>
/// <param name="state">What is shown.</param>
/// <param name="history">What was used before.</param>
/// <param name="source">Where the numbers come from.</param>
/// <param name="clock">The clock.</param>
internal sealed class TopFrame(TopState state, TopHistory history, string source, TimeProvider clock)
{
    // Above the rows: the host, the method, the windows, a blank line and the headings. Below: the keys.
    private const int LinesAround = 6;

    /// <summary>The whole window.</summary>
    internal IRenderable Draw(int width, int height)
    {
        List<IRenderable> lines = [.. Head()];
        if (state.ShowsHelp)
        {
            lines.AddRange(Help.Select(static line => Line(line)));
        }
        else if (state.Details is { } row)
        {
            lines.AddRange(TopDetails.Draw(row, state.HasEnded, history.Of(row.Id), clock.GetUtcNow()).Select(static line => Line(line)));
        }
        else
        {
            lines.Add(Table(width, Math.Max(1, height - LinesAround), showsSelection: true));
        }

        return new Bottom(lines, Foot(), height);
    }

    /// <summary>Once: all rows that were read, and no keys.</summary>
    internal IRenderable DrawOnce(int width) => new Rows([.. Head(), Table(width, int.MaxValue, showsSelection: false)]);

    private static readonly string[] Help =
    [
        "  up down j k  PgUp PgDn Home   choose a row",
        "  Enter                         show one process alone; Esc goes back",
        "  Tab                           processes, containers, groups",
        "  /                             search; Esc ends that",
        "  r u i s g n p t               sort by resident, used, idle, idle share, growth, name, pid, start",
        "  q                             quit",
        "",
        "RESIDENT is what it holds, USED what it accessed within the last window, IDLE the rest.",
        "<= stands before a bound: something disturbed the window.",
    ];

    private IEnumerable<IRenderable> Head()
    {
        if (state.Overview is not { } all)
        {
            yield return Line($"memsnoop top: {source}");
            yield break;
        }

        HostMemory host = all.Host;
        yield return Line(string.Join("  ", new[]
        {
            Part("memory", host.TotalBytes), Part("used", host.UsedBytes), Part("held by programs", host.UnknownBytes), Part("page cache", host.PageCacheBytes),
            Part("kernel", host.KernelBytes), Part("free", host.FreeBytes),
        }.OfType<string>()));
        yield return Line(SafeText.Of(all.Method is { Name: null, Limits: [{ } why, ..] } ? $"{all.Method.Words}: {why.Detail}" : all.Method.Words));
        yield return state.Problem.Length > 0 ? new Text(SafeText.Of(state.Problem), new Style(Color.Red)) { Overflow = Overflow.Ellipsis } : Line($"{Count(all)}; {Windows(all.Windows)}");
        yield return new Text(" ");
    }

    private static string? Part(string name, ulong? bytes) => bytes is { } known ? $"{name} {ShortNumber.Bytes(known)}" : null;

    private string Count(Overview all)
    {
        TableView table = state.Rows!;
        string what = state.Table switch { TopTable.Containers => "containers", TopTable.Groups => "groups", _ => "processes" };
        return table.Matching == table.Total
            ? string.Create(CultureInfo.InvariantCulture, $"{what} {table.Total} of {SafeText.Of(source)}")
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

    private Text Foot() => Line(
        state.IsSearching ? $"search: {SafeText.Of(state.Search)}_"
        : state.ShowsHelp ? "any key goes back"
        : state.Details is not null ? "Esc back"
        : "q quit  Enter details  r u i s sort by resident used idle share  / search  h help");

    private static Text Line(string text) => new(text.Length == 0 ? " " : text) { Overflow = Overflow.Ellipsis };

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
