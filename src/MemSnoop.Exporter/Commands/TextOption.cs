using System.CommandLine;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>An option of one command that is not a setting. Its value is parsed with the same error lines as a setting's.</summary>
/// <typeparam name="T">What the text means.</typeparam>
internal sealed class TextOption<T> : Option<string[]>, ITextOption
{
    private readonly ValueSyntax<T> _syntax;

    public TextOption(string name, string description, ValueSyntax<T> syntax)
        : base(name)
    {
        _syntax = syntax;
        Arity = ArgumentArity.OneOrMore;
        HelpName = syntax.Placeholder;
        Description = description;
    }

    public string Expected => _syntax.Expected;

    public IReadOnlyList<string> Words => _syntax.Words;

    /// <summary>The value, if the option is given.</summary>
    /// <exception cref="UsageException">It is given twice, or is not such a value.</exception>
    public bool TryRead(ParseResult arguments, out T value)
    {
        string[] texts = arguments.GetValue(this) ?? [];
        value = texts.Length switch
        {
            0 => default!,
            1 => _syntax.Parse(new SettingText(texts[0], Name)),
            _ => throw new UsageException(Name, "is given more than once", "one value"),
        };
        return texts.Length == 1;
    }
}

/// <summary>An option that knows what its value looks like.</summary>
internal interface ITextOption
{
    string Expected { get; }

    IReadOnlyList<string> Words { get; }
}
