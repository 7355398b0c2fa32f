using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Configuration files of process-exporter: what they mean, and the one line for each that is wrong.</summary>
public sealed class ProcessNamesFileTests
{
    private const string Fields = "a text, in which {{.Comm}}, {{.ExeBase}}, {{.ExeFull}}, {{.Username}}, {{.Unit}}, {{.Cgroups}}, {{.PID}} and {{.Matches.NAME}} may stand";

    [Fact]
    public void The_file_of_its_packages_puts_each_name_in_a_group()
    {
        GroupRule rule = Assert.Single(Read("process_names:\n  - name: \"{{.Comm}}\"\n    cmdline:\n    - '.+'\n"));
        Assert.True(rule.Name.Uses(GroupField.Comm));
        Assert.Equal(".+", Assert.Single(rule.CommandLines).ToString());
        Assert.Equal((0, 0), (rule.Comms.Count, rule.Exes.Count));
    }

    [Fact]
    public void Lists_of_all_kinds_are_read_in_any_order_and_style()
    {
        IReadOnlyList<GroupRule> rules = Read("""
            # Comments, quotes and flows are those of YAML.
            process_names:
              - comm: [bash, "gvim", 'chromium-browse']
              - exe:
                - postgres
                - /usr/local/bin/prometheus
              - cmdline:
                  - -config[.]path\s+(?P<Cfgfile>\S+)
                  - "--listen[= ](?P<Port>[[:digit:]]+)"
                exe: [/usr/local/bin/process-exporter]
                name: "{{.ExeFull}}:{{.Matches.Cfgfile}}"
              - {name: upstart, exe: [/sbin/upstart], cmdline: [--user]}
            ...
            """);
        Assert.Equal(4, rules.Count);
        Assert.Equal(["bash", "gvim", "chromium-browse"], rules[0].Comms);
        Assert.True(rules[0].Name.Uses(GroupField.ExeBase));
        Assert.Equal(["postgres", "/usr/local/bin/prometheus"], rules[1].Exes);
        Assert.Equal([@"-config[.]path\s+(?<Cfgfile>\S+)", "--listen[= ](?<Port>[0-9]+)"], rules[2].CommandLines.Select(static expression => expression.ToString()));
        Assert.True(rules[2].Name.Uses(GroupField.Match) && rules[2].Name.Uses(GroupField.ExeFull));
        Assert.Equal(["--user"], rules[3].CommandLines.Select(static expression => expression.ToString()));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "", ": is empty; expected process_names: with a list of at least one item" },
        { "# nothing\n", ": is empty; expected process_names: with a list of at least one item" },
        { "{}", ": has no process_names; expected process_names: with a list of at least one item" },
        { "- comm: [a]\n", ":1: is not a mapping; expected process_names: with a list below it" },
        { "process_name:\n- comm: [a]\n", ":1: unknown key 'process_name'; expected process_names" },
        { "process_names:\n  comm: [a]\n", ":2: process_names is not a list; expected a list, each item an item with name, comm, exe or cmdline" },
        { "process_names: []\n", ": has no process_names; expected process_names: with a list of at least one item" },
        { "process_names:\n- bash\n", ":2: is not a mapping; expected an item with name, comm, exe or cmdline" },
        { "process_names:\n- name: x\n", ":2: an item has no condition; expected comm, exe or cmdline in it" },
        { "process_names:\n- comm: bash\n", ":2: comm is not a list; expected a list of texts" },
        { "process_names:\n- comm: []\n", ":2: comm is empty; expected a list of at least one text" },
        { "process_names:\n- comm:\n  - [a]\n", ":3: an item of comm is not a text; expected a list of texts" },
        { "process_names:\n- comm: [a]\n  comms: [b]\n", ":3: unknown key 'comms'; expected one of name, comm, exe, cmdline" },
        { "process_names:\n- comm: [a]\n  comm: [b]\n", ":3: 'comm' is given more than once; expected each key once" },
        { "process_names:\n- comm: [a]\nprocess_names:\n- comm: [b]\n", ":3: 'process_names' is given more than once; expected each key once" },
        { "process_names:\n- [a]: b\n", ":2: a key is not a text; expected an item with name, comm, exe or cmdline" },
        { "process_names:\n- comm: [a]\n  name: [b]\n", $":3: name is not a text; expected {Fields}" },
        { "process_names:\n- comm: [a]\n\n  name: '{{.Cwd}}'\n", $":4: '{{{{.Cwd}}}}' is not a field; expected {Fields}" },
        { "process_names:\n- cmdline:\n  - a\n  - (\n", $":4: '(' is not a regular expression (InsufficientClosingParentheses at character 1); expected {Syntax.Regex.Expected}" },
        { "process_names:\n- cmdline: ['\\Qa\\E']\n", $":2: '\\Qa\\E' has \\Q; expected {Syntax.Regex.Expected}" },
        { "process_names:\n- comm: &x [a]\n- comm: *x\n", ":3: *x stands for something else; expected the text itself" },
        { "process_names:\n- comm: [a]\n---\nb: c\n", ":3: a second document begins; expected one document" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_one_line(string text, string expected)
    {
        using TemporaryFile file = new(text);
        Assert.Equal(file.Path + expected, Assert.Throws<UsageException>(() => ProcessNamesFile.Read(file.Path, "--group-config")).Message);
    }

    [Theory]
    [InlineData("process_names:\n- comm: [a\n", 3)]
    [InlineData("process_names:\n- comm: [a]\n   x: [b]\n", 3)]
    [InlineData("process_names: \"\\q\"\n", 1)]
    public void What_is_no_YAML_is_one_line_with_its_place(string text, int line)
    {
        using TemporaryFile file = new(text);
        string message = Assert.Throws<UsageException>(() => ProcessNamesFile.Read(file.Path, "--group-config")).Message;
        Assert.StartsWith($"{file.Path}:{line}: is not YAML (", message, StringComparison.Ordinal);
        Assert.EndsWith("); expected a YAML file with process_names", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("/no/such.yml", "--group-config: '/no/such.yml' does not exist; expected a YAML file that can be read")]
    [InlineData("/tmp", "--group-config: '/tmp' is a directory; expected a YAML file that can be read")]
    [InlineData("/dev/zero", "--group-config: '/dev/zero' is longer than 1 MiB; expected a YAML file")]
    public void A_file_that_cannot_be_read_is_one_line(string path, string expected) =>
        Assert.Equal(expected, Assert.Throws<UsageException>(() => ProcessNamesFile.Read(path, "--group-config")).Message);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whatever_stands_there_is_rules_or_one_line(int seed)
    {
        Random random = new(seed);
        string[] pieces = ["process_names:", "\n", "- ", "  ", "comm: ", "exe: ", "cmdline: ", "name: ", "[a, b]", "[", "]", "{", "}", "'", "\"", "&x ", "*x", "{{.Comm}}", "(?P<a>.)", "---", "!!str", "\t", "|", ">", ":", "\0", "é"];
        for (int i = 0; i < 2000; i++)
        {
            using TemporaryFile file = new(string.Concat(Enumerable.Range(0, random.Next(1, 25)).Select(_ => pieces[random.Next(pieces.Length)])));
            try
            {
                Assert.NotEmpty(ProcessNamesFile.Read(file.Path, "--group-config"));
            }
            catch (UsageException wrong)
            {
                Assert.DoesNotContain('\n', wrong.Message);
            }
        }
    }

    [Theory]
    [InlineData("(?P<a>x)(?P<b>y)", "(?<a>x)(?<b>y)")]
    [InlineData("[[:alpha:]_]+[[:^x]", "[A-Za-z_]+[\\[:^x]")]
    [InlineData("[]a]", "[\\]a]")]
    [InlineData("[^]a]", "[^\\]a]")]
    [InlineData("\\[[:digit:]", "\\[[:digit:]")]
    [InlineData("(?i)a\\(?P<b", "(?i)a\\(?P<b")]
    [InlineData("[(?P<]", "[(?P<]")]
    public void Expressions_of_Go_are_translated(string go, string expected)
    {
        string? problem = null;
        Assert.True(GoExpression.TryTranslate(go, out string pattern, ref problem), problem);
        Assert.Equal(expected, pattern);
    }

    [Theory]
    [InlineData("[[:wide:]]", "'[[:wide:]]' has [:wide:]")]
    [InlineData("a\\C", "'a\\C' has \\C")]
    public void What_has_no_counterpart_is_refused(string go, string expected)
    {
        string? problem = null;
        Assert.False(GoExpression.TryTranslate(go, out _, ref problem));
        Assert.Equal(expected, problem);
    }

    private static IReadOnlyList<GroupRule> Read(string text)
    {
        using TemporaryFile file = new(text);
        return ProcessNamesFile.Read(file.Path, "--group-config");
    }
}
