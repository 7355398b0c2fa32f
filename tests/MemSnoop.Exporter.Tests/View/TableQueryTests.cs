using MemSnoop.Exporter.View;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MemSnoop.Exporter.Tests.View;

public sealed class TableQueryTests
{
    private static readonly TableView Table = new(4, 4,
    [
        new RowView { Id = "1-1", Name = "beta", Pid = 1, ResidentBytes = 10, UsedBytes = 1 },
        new RowView { Id = "22-1", Name = "Alpha", Pid = 22, ResidentBytes = 30, LowerBytes = 5, UpperBytes = 20 },
        new RowView { Id = "3-1", Name = "gamma", Pid = 3, ResidentBytes = 20, Unit = "ssh.service" },
        new RowView { Id = "4-1", Name = "<script>", Pid = 4, ResidentBytes = 20, IdleBytes = 7, IdleShare = 0.35 },
    ]);

    [Theory]
    [InlineData("resident", "22-1 3-1 4-1 1-1")]
    [InlineData("used", "22-1 1-1 3-1 4-1")]
    [InlineData("idle", "4-1 22-1 3-1 1-1")]
    [InlineData("idle_share", "4-1 22-1 3-1 1-1")]
    [InlineData("name", "4-1 22-1 1-1 3-1")]
    [InlineData("pid", "1-1 3-1 4-1 22-1")]
    public void Rows_are_sorted(string column, string expected) => Assert.Equal(expected, Ids(("sort", column)));

    [Theory]
    [InlineData("ALPHA", "22-1")]
    [InlineData("ssh", "3-1")]
    [InlineData("2", "22-1")]
    [InlineData("<", "4-1")]
    [InlineData("nobody", "")]
    [InlineData("", "22-1 3-1 4-1 1-1")]
    public void Rows_are_searched(string text, string expected) => Assert.Equal(expected, Ids(("search", text)));

    [Fact]
    public void The_first_of_all_that_match_are_told_with_their_number()
    {
        Assert.True(TableQuery.TryParse(Query(("top", "2"), ("search", "m")), out TableQuery query, out _));
        TableView shown = query.Apply(Table);
        Assert.Equal((4, 1, 1), (shown.Total, shown.Matching, shown.Rows.Count));
        Assert.True(TableQuery.TryParse(Query(("top", "2")), out query, out _));
        shown = query.Apply(Table);
        Assert.Equal((4, 4, 2), (shown.Total, shown.Matching, shown.Rows.Count));
    }

    [Theory]
    [InlineData("top", "0")]
    [InlineData("top", "-1")]
    [InlineData("top", "10001")]
    [InlineData("top", "ten")]
    [InlineData("sort", "size")]
    [InlineData("sort", "")]
    public void What_is_not_understood_is_told_with_what_was_expected(string name, string value)
    {
        Assert.False(TableQuery.TryParse(Query((name, value)), out _, out string expected));
        Assert.StartsWith($"expected {name}=", expected, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_has_an_end() => Assert.False(TableQuery.TryParse(Query(("search", new string('x', 257))), out _, out _));

    private static string Ids(params (string, string)[] parameters)
    {
        Assert.True(TableQuery.TryParse(Query(parameters), out TableQuery query, out _));
        return string.Join(' ', query.Apply(Table).Rows.Select(static row => row.Id));
    }

    private static QueryCollection Query(params (string Name, string Value)[] parameters) =>
        new(parameters.ToDictionary(static one => one.Name, static one => new StringValues(one.Value)));
}
