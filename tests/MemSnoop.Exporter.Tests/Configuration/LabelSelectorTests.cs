using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Selectors of labels, as Kubernetes reads them (<c>k8s.io/apimachinery/pkg/labels</c>).</summary>
public class LabelSelectorTests
{
    private static readonly Config Thousands = Config.QuickThrowOnFailure.WithMaxTest(5_000);

    // Words of the syntax stand for labels too.
    private static readonly string[] Keys = ["app", "tier", "in", "notin", "app.kubernetes.io/name", "x.y/in", "A_b-c.9"];
    private static readonly string[] Values = ["", "web", "cache", "in", "v1.2_3-x", "0"];
    private static readonly string[] Blanks = ["", " ", "  ", "\t", "\n"];

    private static readonly Gen<IReadOnlyDictionary<string, string>> Labels =
        from keys in Gen.SubListOf(Keys)
        from values in Gen.Elements(Values).ArrayOf(Keys.Length)
        select (IReadOnlyDictionary<string, string>)keys.Zip(values).ToDictionary(static pair => pair.First, static pair => pair.Second);

    private static readonly Gen<Requirement> Requirements =
        from key in Gen.Elements(Keys)
        from form in Gen.Elements("exists", "absent", "=", "==", "!=", "in", "notin")
        from values in Gen.NonEmptyListOf(Gen.Elements(Values))
        from blanks in Gen.Elements(Blanks).ArrayOf(8)
        select new Requirement(key, form, [.. values], blanks);

    [Theory]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("!debug", true)]
    [InlineData("! debug", true)]
    [InlineData("debug", false)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("app = web", true)]
    [InlineData("app=we", false)]
    [InlineData("app!=web", false)]
    [InlineData("app!=cache", true)]
    [InlineData("debug!=x", true)]
    [InlineData("app=", false)]
    [InlineData("empty=", true)]
    [InlineData("empty", true)]
    [InlineData("empty=,app=web", true)]
    [InlineData("app in (web)", true)]
    [InlineData("app in (cache,web)", true)]
    [InlineData(" app  in( cache , web ) ", true)]
    [InlineData("app notin (cache,web)", false)]
    [InlineData("debug notin (x)", true)]
    [InlineData("debug in (x,)", false)]
    [InlineData("empty in (x,)", true)]
    [InlineData("empty in (,)", true)]
    [InlineData("app=web,tier!=cache", true)]
    [InlineData("app=web,tier=cache", false)]
    [InlineData("app=web,app=cache", false)]
    [InlineData("app.kubernetes.io/name=shop", true)]
    [InlineData("kubernetes.io/name=shop", false)]
    public void Selects_by_labels(string text, bool expected)
    {
        Dictionary<string, string> labels = new() { ["app"] = "web", ["tier"] = "front", ["empty"] = "", ["app.kubernetes.io/name"] = "shop" };

        Assert.True(LabelSelector.TryParse(text, out LabelSelector? selector, out string problem), problem);
        Assert.Equal(expected, selector!.IsMatch(labels));
        Assert.Equal(text, selector.ToString());
    }

    [Theory]
    [InlineData("", "the name of a label is missing at character 1")]
    [InlineData("  ", "the name of a label is missing at character 3")]
    [InlineData(",a", "the name of a label is missing at character 1")]
    [InlineData("a,", "the name of a label is missing at character 3")]
    [InlineData("a,,b", "the name of a label is missing at character 3")]
    [InlineData("=a", "the name of a label is missing at character 1")]
    [InlineData("!", "the name of a label is missing at character 2")]
    [InlineData("!!a", "the name of a label is missing at character 2")]
    [InlineData("-a", "this is not the name of a label at character 1")]
    [InlineData("a/b/c=d", "this is not the name of a label at character 1")]
    [InlineData("x=y, B/c", "this is not the name of a label at character 6")]
    [InlineData("a..b/c", "this is not the name of a label at character 1")]
    [InlineData("/a", "this is not the name of a label at character 1")]
    [InlineData("a/", "this is not the name of a label at character 1")]
    [InlineData("a'=b", "this is not the name of a label at character 1")]
    [InlineData("é", "this is not the name of a label at character 1")]
    [InlineData("a b", "=, !=, in or notin is missing at character 3")]
    [InlineData("a>1", "=, !=, in or notin is missing at character 2")]
    [InlineData("a IN (b)", "=, !=, in or notin is missing at character 3")]
    [InlineData("a!b", "= is missing at character 3")]
    [InlineData("a! =b", "= is missing at character 3")]
    [InlineData("!a=b", "a comma is missing at character 3")]
    [InlineData("a=b c", "a comma is missing at character 5")]
    [InlineData("a===b", "a comma is missing at character 4")]
    [InlineData("a= =b", "a comma is missing at character 4")]
    [InlineData("a=(b)", "a comma is missing at character 3")]
    [InlineData("a=-b", "this is not the value of a label at character 3")]
    [InlineData("a=b/c", "this is not the value of a label at character 3")]
    [InlineData("a=\"b\"", "this is not the value of a label at character 3")]
    [InlineData("a in b", "( is missing at character 6")]
    [InlineData("a in", "( is missing at character 5")]
    [InlineData("a in ()", "a value is missing at character 7")]
    [InlineData("a in (b", ") is missing at character 8")]
    [InlineData("a in (b c)", ") is missing at character 9")]
    [InlineData("a in (b))", "a comma is missing at character 9")]
    [InlineData("a in (b-)", "this is not the value of a label at character 7")]
    [InlineData("a\0", "this is not the name of a label at character 1")]
    public void Says_what_is_wrong_and_where(string text, string problem)
    {
        Assert.False(LabelSelector.TryParse(text, out LabelSelector? selector, out string found));
        Assert.Equal((problem, (LabelSelector?)null), (found, selector));
    }

    [Theory]
    [InlineData(63, 0, true)]
    [InlineData(64, 0, false)]
    [InlineData(63, 253, true)]
    [InlineData(1, 254, false)]
    public void Names_and_values_are_as_long_as_those_of_Kubernetes(int name, int prefix, bool expected)
    {
        string key = (prefix > 0 ? new string('p', prefix) + "/" : "") + new string('n', name);
        Assert.Equal(expected, LabelSelector.TryParse(key, out _, out _));
        Assert.Equal(name <= 63, LabelSelector.TryParse($"a={new string('v', name)}", out _, out _));
    }

    /// <summary>However it is written, with whatever blanks: it selects what its requirements say.</summary>
    [Fact]
    public void Means_what_its_requirements_mean() => Check.One(Thousands, Prop.ForAll(
        Gen.NonEmptyListOf(Requirements).ToArbitrary(), Labels.ToArbitrary(),
        static (requirements, labels) =>
        {
            string text = string.Join(',', requirements.Select(static requirement => requirement.Written));
            Assert.True(LabelSelector.TryParse(text, out LabelSelector? selector, out string problem), $"{text}: {problem}");
            Assert.Equal(requirements.All(requirement => requirement.Holds(labels)), selector!.IsMatch(labels));
        }));

    [Fact]
    public void Any_text_has_an_answer() => Check.One(Thousands, Prop.ForAll(
        Gen.Elements("a", "in", "notin", "=", "!", "(", ")", ",", " ", "-", "/", ".", "<", "\t", "é", "\0", "\ud800", "a.b/c").ListOf().Select(static parts => string.Concat(parts)).ToArbitrary(),
        Labels.ToArbitrary(),
        static (text, labels) =>
        {
            bool isSelector = LabelSelector.TryParse(text, out LabelSelector? selector, out string problem);
            Assert.Equal((isSelector, !isSelector), (selector is not null, problem.Length > 0));
            _ = selector?.IsMatch(labels);

            // What all have to fulfil does not become less by one more.
            if (isSelector && LabelSelector.TryParse($"{text},app=web", out LabelSelector? narrower, out _))
            {
                Assert.True(!narrower!.IsMatch(labels) || selector!.IsMatch(labels));
            }
        }));

    /// <summary>One requirement, how it can be written, and what it means by the definition of Kubernetes.</summary>
    private sealed record Requirement(string Key, string Form, string[] Values, string[] Blanks)
    {
        public string Written => Form switch
        {
            "exists" => $"{Blanks[0]}{Key}{Blanks[1]}",
            "absent" => $"{Blanks[0]}!{Blanks[1]}{Key}{Blanks[2]}",
            "in" or "notin" => $"{Blanks[0]}{Key} {Blanks[1]}{Form}{Blanks[2]}({Blanks[3]}{string.Join($"{Blanks[4]},{Blanks[5]}", Listed)}{Blanks[6]}){Blanks[7]}",
            _ => $"{Blanks[0]}{Key}{Blanks[1]}{Form}{Blanks[2]}{Values[0]}{Blanks[3]}",
        };

        // An empty pair of brackets is no set. The set of the empty value alone is written with a comma.
        private string[] Listed => Values is [""] ? ["", ""] : Values;

        public bool Holds(IReadOnlyDictionary<string, string> labels) => Form switch
        {
            "exists" => labels.ContainsKey(Key),
            "absent" => !labels.ContainsKey(Key),
            "=" or "==" => labels.ContainsKey(Key) && labels[Key] == Values[0],
            "!=" => !labels.ContainsKey(Key) || labels[Key] != Values[0],
            "in" => labels.ContainsKey(Key) && Values.Contains(labels[Key]),
            _ => !labels.ContainsKey(Key) || !Values.Contains(labels[Key]),
        };
    }
}
