using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.Paging;

public class AreaFilterTests
{
    private const string Heap = "00500000-00510000 rw-p 00000000 00:00 0 [heap]";
    private const string Stack = "00600000-00610000 rw-p 00000000 00:00 0 [stack]";
    private const string Anonymous = "00700000-00710000 rw-p 00000000 00:00 0";
    private const string Named = "00720000-00730000 rw-p 00000000 00:00 0 [anon:cache]";
    private const string Code = "00400000-00404000 r-xp 00000000 08:01 77 /usr/lib/libc.so.6";
    private const string Shared = "00800000-00810000 rw-s 00000000 00:01 9 /dev/shm/x.so (deleted)";

    private static readonly string[] All = [Heap, Stack, Anonymous, Named, Code, Shared];

    [Theory]
    [InlineData(AreaRoles.Heap, new[] { Heap })]
    [InlineData(AreaRoles.Stack, new[] { Stack })]
    [InlineData(AreaRoles.Anonymous, new[] { Anonymous, Named })]
    [InlineData(AreaRoles.File, new[] { Code, Shared })]
    [InlineData(AreaRoles.Heap | AreaRoles.Stack, new[] { Heap, Stack })]
    [InlineData(AreaRoles.None, new string[0])]
    public void By_role(AreaRoles roles, string[] expected) => Check(new AreaFilter { Roles = roles }, expected);

    [Fact]
    public void Everything_unless_told_otherwise() => Check(AreaFilter.All, All);

    [Theory]
    [InlineData(AreaPermissions.Execute, new[] { Code })]
    [InlineData(AreaPermissions.Shared, new[] { Shared })]
    [InlineData(AreaPermissions.Read | AreaPermissions.Write, new[] { Heap, Stack, Anonymous, Named, Shared })]
    [InlineData(AreaPermissions.Write | AreaPermissions.Execute, new string[0])]
    public void By_permissions_all_of_them(AreaPermissions permissions, string[] expected) => Check(new AreaFilter { Permissions = permissions }, expected);

    [Theory]
    [InlineData(3, 6)]
    [InlineData(4, 5)]
    [InlineData(15, 5)]
    [InlineData(16, 0)]
    public void By_length_longer_than(long pages, int expected) =>
        Assert.Equal(expected, All.Count(line => Includes(new AreaFilter { LongerThanPages = pages }, line)));

    [Theory]
    [InlineData(@"\.so", new[] { Code, Shared })]
    [InlineData(@"^\[heap\]$", new[] { Heap })]
    [InlineData("anon:", new[] { Named })]
    [InlineData("^$", new[] { Anonymous })]
    public void By_an_expression_in_the_path(string expression, string[] expected) => Check(new AreaFilter { Path = new Regex(expression) }, expected);

    private static void Check(AreaFilter filter, string[] expected) => Assert.Equal(expected, All.Where(line => Includes(filter, line)));

    private static bool Includes(AreaFilter filter, string line)
    {
        Assert.True(MapsEntry.TryParse(Encoding.UTF8.GetBytes(line), out MapsEntry entry));
        return filter.Includes(entry, 4096);
    }
}
