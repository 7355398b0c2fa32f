using System.Text.RegularExpressions;

namespace MemSnoop.Testing;

/// <summary>One room may use the types of another, for the reason given.</summary>
public sealed record Arrow(string From, string To, string Reason);

/// <summary>
/// Which folders of an assembly may use which. A room is a top folder with its subfolders, an arrow a use of another room's
/// type. The table of a derived class is the architecture: it has every arrow there is, no other, and no cycle.
/// </summary>
/// <param name="marker">Any type of the assembly.</param>
/// <param name="project">The folder of its sources below the checkout.</param>
/// <param name="rootNamespace">The namespace of files that are in no folder.</param>
/// <param name="table">The arrows.</param>
/// <param name="customary">Rooms of types that stand in a namespace of somebody else, by that namespace.</param>
public abstract class ArchitectureTests(
    Type marker, string project, string rootNamespace, IReadOnlyList<Arrow> table, IReadOnlyDictionary<string, string>? customary = null)
{
    private readonly RoomReader _rooms = new(rootNamespace, customary ?? new Dictionary<string, string>());

    private string Sources => Path.Combine(Checkout.Root, project);

    [Fact]
    public void Every_arrow_is_in_the_table()
    {
        var known = table.Select(static row => (row.From, row.To)).ToHashSet();
        None(Arrows().Where(use => !known.Contains((use.From, use.To))).Select(static use => $"{use.From} -> {use.To}: {use.Witness}"));
    }

    [Fact]
    public void Every_row_is_needed_once_and_says_why()
    {
        var found = Arrows().Select(static use => (use.From, use.To)).ToHashSet();
        None(table.Where(row => !found.Contains((row.From, row.To))).Select(static row => $"{row.From} -> {row.To}"));
        Assert.Equal(table.Count, table.DistinctBy(static row => (row.From, row.To)).Count());
        Assert.All(table, static row => Assert.EndsWith(".", row.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void The_table_has_no_cycle() => Assert.Equal("", FindCycle(table));

    [Fact]
    public void Namespaces_are_folders() => None(_rooms.MisplacedFiles(Sources));

    /// <summary>The picture leaves out arrows that follow from others, else nobody could read it.</summary>
    [Fact]
    public void The_picture_in_the_design_is_the_table()
    {
        string document = File.ReadAllText(Path.Combine(Checkout.Root, "docs/design.md"));
        Match picture = Regex.Match(document, $"^### `{Regex.Escape(project)}`.*?^```mermaid\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline);
        Assert.True(picture.Success, $"docs/design.md has no picture of {project}");
        IEnumerable<string> drawn = Regex.Matches(picture.Groups[1].Value, @"^ *(\w+) --> (\w+)", RegexOptions.Multiline).Select(static line => $"{line.Groups[1]} --> {line.Groups[2]}");
        IEnumerable<string> needed = table.Where(row => !Follows(row)).Select(static row => $"{Drawn(row.From)} --> {Drawn(row.To)}");
        Assert.Equal(needed.Order(StringComparer.Ordinal), drawn.Order(StringComparer.Ordinal));
    }

    /// <summary>Whether there is a longer way from one room to the other.</summary>
    private bool Follows(Arrow row)
    {
        HashSet<string> reached = [];
        Queue<string> open = new(table.Where(other => other.From == row.From && other.To != row.To).Select(static other => other.To));
        while (open.TryDequeue(out string? room))
        {
            if (reached.Add(room))
            {
                table.Where(other => other.From == room).ToList().ForEach(other => open.Enqueue(other.To));
            }
        }

        return reached.Contains(row.To);
    }

    private static string Drawn(string room) => room.Trim('(', ')');

    /// <summary>A cycle of the table, like <c>A -> B -> A</c>; empty when it can be sorted.</summary>
    internal static string FindCycle(IEnumerable<Arrow> table)
    {
        List<Arrow> left = [.. table];
        HashSet<string> users;
        do
        {
            users = [.. left.Select(static arrow => arrow.From)];
        }
        while (left.RemoveAll(arrow => !users.Contains(arrow.To)) > 0);

        if (left.Count == 0)
        {
            return "";
        }

        // Each room that is left uses one that is left: a walk comes back to a room where it has been.
        List<string> path = [left[0].From];
        while (path.IndexOf(path[^1]) == path.Count - 1)
        {
            path.Add(left.Find(arrow => arrow.From == path[^1])!.To);
        }

        return string.Join(" -> ", path.Skip(path.IndexOf(path[^1])));
    }

    /// <summary>Names all that are wrong; an assertion on the collection would cut the lines short.</summary>
    private static void None(IEnumerable<string> wrong)
    {
        string text = string.Join('\n', wrong);
        Assert.True(text.Length == 0, text);
    }

    private List<RoomUse> Arrows() =>
        [.. _rooms.UsesIn(marker.Assembly.Location).Concat(_rooms.UsingsIn(Sources)).DistinctBy(static use => (use.From, use.To))];
}
