using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Metrics.Configuration;
using YamlDotNet.Core.Events;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Rules for groups from a configuration file of process-exporter: a list <c>process_names</c>, whose items have a name and the conditions <c>comm</c>, <c>exe</c> and <c>cmdline</c>.
/// </summary>
internal sealed class ProcessNamesFile
{
    private const string Root = "process_names";
    private const string Item = "an item with name, comm, exe or cmdline";
    private const string Texts = "a list of texts";
    private const string Whole = $"{Root}: with a list of at least one item";

    // What process-exporter takes for a name where there is none.
    private const string UsualName = "{{.ExeBase}}";

    private readonly string _path;
    private readonly YamlEvents _yaml;

    private ProcessNamesFile(string path, string text)
    {
        _path = path;
        _yaml = new YamlEvents(path, text, Root);
    }

    /// <summary>Reads the file once.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="source">What named the file.</param>
    /// <exception cref="UsageException">The file cannot be read, is not YAML, or says something else than it should.</exception>
    public static IReadOnlyList<GroupRule> Read(string path, string source)
    {
        byte[] bytes = BoundedFile.Read(path, source, "a YAML file");
        return new ProcessNamesFile(UsageException.OneLine(path), Encoding.UTF8.GetString(bytes)).Parse();
    }

    private List<GroupRule> Parse()
    {
        List<GroupRule>? rules = null;
        if (!_yaml.Read($"{Root}: with a list below it", ReadRoot))
        {
            throw new UsageException(_path, "is empty", Whole);
        }

        return rules is { Count: > 0 } ? rules : throw new UsageException(_path, $"has no {Root}", Whole);

        void ReadRoot(Scalar key) =>
            rules = key.Value == Root ? ReadRules() : throw _yaml.Wrong(key, $"unknown key {UsageException.Quote(key.Value)}", Root);
    }

    private List<GroupRule> ReadRules()
    {
        List<GroupRule> rules = [];
        if (_yaml.Next() is not SequenceStart)
        {
            throw _yaml.Wrong(_yaml.Current, $"{Root} is not a list", $"a list, each item {Item}");
        }

        while (_yaml.Next() is not SequenceEnd)
        {
            rules.Add(_yaml.Current is MappingStart start ? ReadRule(start) : throw _yaml.Wrong(_yaml.Current, "is not a mapping", Item));
        }

        return rules;
    }

    private GroupRule ReadRule(MappingStart start)
    {
        GroupTemplate? name = null;
        string[] comms = [];
        string[] exes = [];
        Regex[] commandLines = [];
        _yaml.ReadKeys(Item, key =>
        {
            switch (key.Value)
            {
                case "name":
                    name = ReadTemplate(key);
                    break;
                case "comm":
                    comms = [.. ReadList(key).Select(static text => text.Value)];
                    break;
                case "exe":
                    exes = [.. ReadList(key).Select(static text => text.Value)];
                    break;
                case "cmdline":
                    commandLines = [.. ReadList(key).Select(ToExpression)];
                    break;
                default:
                    throw _yaml.Wrong(key, $"unknown key {UsageException.Quote(key.Value)}", "one of name, comm, exe, cmdline");
            }
        });

        GroupRule rule = new(name ?? Template(UsualName, start)) { Comms = comms, Exes = exes, CommandLines = commandLines };
        return rule.HasConditions ? rule : throw _yaml.Wrong(start, "an item has no condition", "comm, exe or cmdline in it");
    }

    private GroupTemplate ReadTemplate(Scalar key)
    {
        // An empty one means the usual one there.
        Scalar text = _yaml.ReadText(key, $"a text, in which {GroupTemplate.Fields} may stand");
        return Template(text.Value.Length == 0 ? UsualName : text.Value, text);
    }

    private GroupTemplate Template(string text, ParsingEvent at)
    {
        string? problem = null;
        return GroupTemplate.TryParse(text, out GroupTemplate template, ref problem) ? template
            : throw _yaml.Wrong(at, problem ?? $"{UsageException.Quote(text)} is not a name", $"a text, in which {GroupTemplate.Fields} may stand");
    }

    private List<Scalar> ReadList(Scalar key)
    {
        List<Scalar> texts = _yaml.ReadTexts(key, Texts);
        return texts.Count > 0 ? texts : throw _yaml.Wrong(key, $"{key.Value} is empty", "a list of at least one text");
    }

    private Regex ToExpression(Scalar text)
    {
        string? problem = null;
        return GoExpression.TryTranslate(text.Value, out string pattern, ref problem) && Syntax.Regex.Parser(pattern, out Regex expression, ref problem) ? expression
            : throw _yaml.Wrong(text, problem ?? $"{UsageException.Quote(text.Value)} is not a regular expression", Syntax.Regex.Expected);
    }
}
