using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Metrics.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Rules for groups from a configuration file of process-exporter: a list <c>process_names</c>, whose items have a name and the conditions <c>comm</c>, <c>exe</c> and <c>cmdline</c>.
/// </summary>
/// <remarks>By the parser's events and not by a deserializer, which would need reflection, and would not know the lines.</remarks>
internal sealed class ProcessNamesFile
{
    private const string Root = "process_names";
    private const string Item = "an item with name, comm, exe or cmdline";
    private const string Texts = "a list of texts";
    private const string Whole = $"{Root}: with a list of at least one item";

    // What process-exporter takes for a name where there is none.
    private const string UsualName = "{{.ExeBase}}";

    private readonly string _path;
    private readonly Parser _parser;

    private ProcessNamesFile(string path, string text)
    {
        _path = path;
        _parser = new Parser(new StringReader(text));
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
        try
        {
            Next();
            if (Next() is StreamEnd)
            {
                throw new UsageException(_path, "is empty", Whole);
            }

            if (Next() is not MappingStart)
            {
                throw Wrong(_parser.Current, "is not a mapping", $"{Root}: with a list below it");
            }

            List<GroupRule>? rules = null;
            while (Next() is not MappingEnd)
            {
                Scalar key = Key($"{Root}: alone");
                if (key.Value != Root)
                {
                    throw Wrong(key, $"unknown key {UsageException.Quote(key.Value)}", Root);
                }

                rules = rules is null ? ReadRules() : throw Wrong(key, $"{Root} is given more than once", "one list");
            }

            Next();
            if (Next() is not StreamEnd)
            {
                throw Wrong(_parser.Current, "a second document begins", "one document");
            }

            return rules is { Count: > 0 } ? rules : throw new UsageException(_path, $"has no {Root}", Whole);
        }
        catch (YamlException error)
        {
            throw NotYaml(error.Start.Line, error);
        }
        catch (ArgumentException error)
        {
            // Where the parser makes something of a malformed tag.
            throw NotYaml(_parser.Current?.End.Line ?? 1, error);
        }
    }

    private List<GroupRule> ReadRules()
    {
        List<GroupRule> rules = [];
        if (Next() is not SequenceStart)
        {
            throw Wrong(_parser.Current, $"{Root} is not a list", $"a list, each item {Item}");
        }

        while (Next() is not SequenceEnd)
        {
            rules.Add(_parser.Current is MappingStart start ? ReadRule(start) : throw Wrong(_parser.Current, "is not a mapping", Item));
        }

        return rules;
    }

    private GroupRule ReadRule(MappingStart start)
    {
        HashSet<string> known = [];
        GroupTemplate? name = null;
        string[] comms = [];
        string[] exes = [];
        Regex[] commandLines = [];
        while (Next() is not MappingEnd)
        {
            Scalar key = Key(Item);
            if (!known.Add(key.Value))
            {
                throw Wrong(key, $"{UsageException.Quote(key.Value)} is given more than once", "each key once");
            }

            switch (key.Value)
            {
                case "name":
                    name = ReadTemplate();
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
                    throw Wrong(key, $"unknown key {UsageException.Quote(key.Value)}", "one of name, comm, exe, cmdline");
            }
        }

        GroupRule rule = new(name ?? Template(UsualName, start)) { Comms = comms, Exes = exes, CommandLines = commandLines };
        return rule.HasConditions ? rule : throw Wrong(start, "an item has no condition", "comm, exe or cmdline in it");
    }

    private GroupTemplate ReadTemplate()
    {
        if (Next() is not Scalar text)
        {
            throw Wrong(_parser.Current, "name is not a text", $"a text, in which {GroupTemplate.Fields} may stand");
        }

        // An empty one means the usual one there.
        return Template(text.Value.Length == 0 ? UsualName : text.Value, text);
    }

    private GroupTemplate Template(string text, ParsingEvent at)
    {
        string? problem = null;
        return GroupTemplate.TryParse(text, out GroupTemplate template, ref problem) ? template
            : throw Wrong(at, problem ?? $"{UsageException.Quote(text)} is not a name", $"a text, in which {GroupTemplate.Fields} may stand");
    }

    private List<Scalar> ReadList(Scalar key)
    {
        if (Next() is not SequenceStart)
        {
            throw Wrong(_parser.Current, $"{key.Value} is not a list", Texts);
        }

        List<Scalar> texts = [];
        while (Next() is not SequenceEnd)
        {
            texts.Add(_parser.Current as Scalar ?? throw Wrong(_parser.Current, $"an item of {key.Value} is not a text", Texts));
        }

        return texts.Count > 0 ? texts : throw Wrong(key, $"{key.Value} is empty", "a list of at least one text");
    }

    private Regex ToExpression(Scalar text)
    {
        string? problem = null;
        return GoExpression.TryTranslate(text.Value, out string pattern, ref problem) && Syntax.Regex.Parser(pattern, out Regex expression, ref problem) ? expression
            : throw Wrong(text, problem ?? $"{UsageException.Quote(text.Value)} is not a regular expression", Syntax.Regex.Expected);
    }

    private Scalar Key(string expected) => _parser.Current as Scalar ?? throw Wrong(_parser.Current, "a key is not a text", expected);

    private ParsingEvent Next()
    {
        // There is always one more: the end of the stream is the last that is asked for.
        _parser.MoveNext();
        return _parser.Current is AnchorAlias alias ? throw Wrong(alias, $"*{alias.Value} stands for something else", "the text itself") : _parser.Current!;
    }

    private UsageException Wrong(ParsingEvent? at, string problem, string expected) => new($"{_path}:{at?.Start.Line ?? 1}", problem, expected);

    private UsageException NotYaml(long line, Exception error) => new($"{_path}:{line}", $"is not YAML ({Reason(error)})", $"a YAML file with {Root}");

    // The library's message may begin with the place, which the error line has already.
    private static string Reason(Exception error)
    {
        string message = error.Message;
        int place = message.StartsWith("(Line:", StringComparison.Ordinal) ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return UsageException.OneLine(place < 0 ? message : message[(place + 3)..]).TrimEnd('.');
    }
}
