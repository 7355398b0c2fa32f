using MemSnoop.Metrics.Configuration;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

public class GlobTests
{
    [Theory]
    [InlineData("/a/b", "/a/b", true)]
    [InlineData("/a/b", "/a/b/c", false)]
    [InlineData("/a/*", "/a/b", true)]
    [InlineData("/a/*", "/a/b/c", false)]
    [InlineData("/a/*", "/a/", true)]
    [InlineData("/a/?", "/a/b", true)]
    [InlineData("/a?b", "/a/b", false)]
    [InlineData("/a/?", "/a/é", true)]
    [InlineData("/a/**", "/a", true)]
    [InlineData("/a/**", "/a/b/c", true)]
    [InlineData("/a/**", "/ab", false)]
    [InlineData("/a/**/b", "/a/b", true)]
    [InlineData("/a/**/b", "/a/x/y/b", true)]
    [InlineData("/a/**/b", "/a/xb", false)]
    [InlineData("**/a/**/b", "/ab/a/b", true)]
    [InlineData("**", "/", true)]
    [InlineData("/", "/", true)]
    [InlineData("docker-*.scope", "/system.slice/docker-0123.scope", true)]
    [InlineData("docker-*.scope", "/system.slice/docker-0123.scope/init", false)]
    [InlineData("/kubepods.slice/**/cri-containerd-*.scope", "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ab.scope", true)]
    [InlineData(@"*getty\x2dtty*", @"/system.slice/getty\x2dtty1", true)]
    [InlineData("/a[b]", "/a[b]", true)]
    [InlineData("/a[b]", "/ab", false)]
    [InlineData("/*a*b", "/xaab", true)]
    [InlineData("/*a*b", "/xaabc", false)]
    public void Matches_whole_cgroup_paths(string pattern, string path, bool expected)
    {
        Assert.True(Glob.TryParse(pattern, out Glob? glob));
        Assert.Equal(expected, glob!.IsMatch(path));
        Assert.Equal(expected, glob.IsMatch(Encoding.UTF8.GetBytes(path)));
        Assert.Equal(pattern, glob.ToString());
    }

    [Fact]
    public void Agrees_with_the_regular_expression_that_says_the_same() => Prop.ForAll(
        Gen.Elements("/", "a", "b", "*", "**", "?", "/**", "/**/", "/a").ArrayOf().Select(parts => "/" + string.Concat(parts)).ToArbitrary(),
        Gen.Elements('/', 'a', 'b').ArrayOf().Select(path => "/" + new string(path)).ToArbitrary(),
        (pattern, path) => Glob.TryParse(pattern, out Glob? glob) && glob!.IsMatch(path) == Regex.IsMatch(path, Translate(pattern)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Fact]
    public void Does_not_explode_on_many_stars()
    {
        Assert.True(Glob.TryParse("/" + string.Concat(Enumerable.Repeat("*a", 40)) + "b", out Glob? glob));
        Assert.False(glob!.IsMatch("/" + new string('a', 4_000)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Refuses_what_no_path_can_be(string pattern) => Assert.False(Glob.TryParse(pattern, out _));

    // The definition, spelled with the framework's backtracking: too slow to ship, good enough to judge.
    private static string Translate(string pattern)
    {
        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length;)
        {
            if (string.CompareOrdinal(pattern, i, "/**", 0, 3) == 0 && (i + 3 == pattern.Length || pattern[i + 3] == '/'))
            {
                regex.Append("(/.*)?");
                i += 3;
            }
            else if (pattern[i] == '*')
            {
                int stars = 0;
                while (i < pattern.Length && pattern[i] == '*')
                {
                    stars++;
                    i++;
                }

                regex.Append(stars == 1 ? "[^/]*" : ".*");
            }
            else
            {
                regex.Append(pattern[i] == '?' ? "[^/]" : Regex.Escape(pattern[i].ToString()));
                i++;
            }
        }

        return regex.Append("\\z").ToString();
    }
}
