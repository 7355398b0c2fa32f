using MemSnoop.Metrics.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MemSnoop.Exporter.Configuration;

/// <summary>A YAML file with one mapping, event by event, and errors that name the line.</summary>
/// <remarks>By the parser's events and not by a deserializer, which would need reflection, and would not know the lines.</remarks>
/// <param name="path">The file's name in errors.</param>
/// <param name="text">What is in it.</param>
/// <param name="whole">What it should be.</param>
internal sealed class YamlEvents(string path, string text, string whole)
{
    private readonly Parser _parser = new(new StringReader(EndsInDirective(text) ? text + "\n" : text));

    /// <summary>The event that was read last.</summary>
    public ParsingEvent? Current => _parser.Current;

    /// <summary>Whether the last line is a directive without a line feed: at 2,048 bytes, YamlDotNet 18 makes work for 18 seconds of it.</summary>
    private static bool EndsInDirective(string text) => text.AsSpan(text.LastIndexOf('\n') + 1).StartsWith('%');

    /// <summary>Reads the document's keys, one after the other.</summary>
    /// <param name="expected">What keys there may be.</param>
    /// <param name="read">Reads the value of a key.</param>
    /// <returns>False if there is nothing in the file.</returns>
    /// <exception cref="UsageException">It is not YAML, or not one mapping.</exception>
    public bool Read(string expected, Action<Scalar> read)
    {
        Next();
        if (Next() is StreamEnd || !TryReadMapping("", expected, read))
        {
            return false;
        }

        Next();
        return Next() is StreamEnd ? true : throw Wrong(Current, "a second document begins", "one document");
    }

    /// <summary>Reads the keys of a mapping that begins, one after the other. Nothing at all may stand for one without keys.</summary>
    /// <param name="name">The key whose value it is; empty for the whole file.</param>
    /// <param name="expected">What keys there may be.</param>
    /// <param name="read">Reads the value of a key.</param>
    /// <returns>False if it stands for nothing.</returns>
    public bool TryReadMapping(string name, string expected, Action<Scalar> read)
    {
        if (IsNothing(Next()))
        {
            return false;
        }

        if (Current is not MappingStart)
        {
            throw Wrong(Current, $"{name} is not a mapping".TrimStart(), expected);
        }

        ReadKeys(expected, read);
        return true;
    }

    /// <summary>Reads the keys of the mapping that has begun.</summary>
    public void ReadKeys(string expected, Action<Scalar> read)
    {
        HashSet<string> known = new(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            Scalar key = Current as Scalar ?? throw Wrong(Current, "a key is not a text", expected);
            if (!known.Add(key.Value))
            {
                throw Wrong(key, $"{UsageException.Quote(key.Value)} is given more than once", "each key once");
            }

            read(key);
        }
    }

    /// <summary>Reads the items of a list of texts.</summary>
    public List<Scalar> ReadTexts(Scalar key, string expected)
    {
        if (Next() is not SequenceStart)
        {
            throw Wrong(Current, $"{key.Value} is not a list", expected);
        }

        List<Scalar> texts = [];
        while (Next() is not SequenceEnd)
        {
            texts.Add(Current as Scalar ?? throw Wrong(Current, $"an item of {key.Value} is not a text", expected));
        }

        return texts;
    }

    /// <summary>Reads a text.</summary>
    public Scalar ReadText(Scalar key, string expected) => Next() as Scalar ?? throw Wrong(Current, $"{key.Value} is not a text", expected);

    /// <summary>Reads the next event.</summary>
    public ParsingEvent Next()
    {
        try
        {
            // There is always one more: the end of the stream is the last that is asked for.
            _parser.MoveNext();
        }
        catch (YamlException error)
        {
            throw NotYaml(error.Start.Line, error);
        }
        catch (Exception error)
        {
            // The library has more exceptions for what is no YAML than it says: of a malformed tag, of a text that ends within a list.
            throw NotYaml(Current?.End.Line ?? 1, error);
        }

        return _parser.Current is AnchorAlias alias ? throw Wrong(alias, $"*{alias.Value} stands for something else", "the text itself") : _parser.Current!;
    }

    /// <summary>What a value that is not there looks like.</summary>
    public static bool IsNothing(ParsingEvent value) => value is Scalar { Style: ScalarStyle.Plain, Value: "" or "~" or "null" };

    /// <summary>An error at a place in the file.</summary>
    public UsageException Wrong(ParsingEvent? at, string problem, string expected) => new(PlaceOf(at), problem, expected);

    /// <summary>File and line.</summary>
    public string PlaceOf(ParsingEvent? at) => $"{path}:{at?.Start.Line ?? 1}";

    private UsageException NotYaml(long line, Exception error) => new($"{path}:{line}", $"is not YAML ({Reason(error)})", $"a YAML file with {whole}");

    // The library's message may begin with the place, which the error line has already.
    private static string Reason(Exception error)
    {
        string message = error.Message;
        int place = message.StartsWith("(Line:", StringComparison.Ordinal) ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        return UsageException.OneLine(place < 0 ? message : message[(place + 3)..]).TrimEnd('.');
    }
}
