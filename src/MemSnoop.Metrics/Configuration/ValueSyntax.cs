namespace MemSnoop.Metrics.Configuration;

/// <summary>Reads a value from text.</summary>
/// <param name="text">What the user wrote.</param>
/// <param name="value">The value, when the text is one.</param>
/// <param name="problem">May be set to say more than "is not a …".</param>
internal delegate bool ValueParser<T>(string text, out T value, ref string? problem);

/// <summary>How a kind of value is written, and how errors and <c>--help</c> speak of it.</summary>
/// <param name="Placeholder">Stands for the value in <c>--help</c>: <c>DURATION</c>.</param>
/// <param name="Noun">The word for such a value, as in "x is not a duration".</param>
/// <param name="Expected">What a right one looks like.</param>
/// <param name="Parser">Reads it.</param>
/// <param name="Format">Writes it, such that the parser reads the same value again.</param>
internal sealed record ValueSyntax<T>(string Placeholder, string Noun, string Expected, ValueParser<T> Parser, Func<T, string> Format)
{
    /// <summary>The words that are such values, where there are a few; what shells complete.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>The same texts for a type that knows nothing of text.</summary>
    /// <param name="convert">From what the text says.</param>
    /// <param name="format">Writes a value; one that no text stands for, in a way that no parser takes.</param>
    public ValueSyntax<TOther> As<TOther>(Func<T, TOther> convert, Func<TOther, string> format) => new(
        Placeholder, Noun, Expected,
        (string text, out TOther value, ref string? problem) =>
        {
            bool isValue = Parser(text, out T written, ref problem);
            value = isValue ? convert(written) : default!;
            return isValue;
        },
        format)
    {
        Words = Words,
    };

    /// <summary>Whether a text is such a value.</summary>
    public bool TryParse(string text, out T value)
    {
        string? problem = null;
        return Parser(text, out value, ref problem);
    }

    /// <exception cref="UsageException">The text is not such a value.</exception>
    public T Parse(SettingText text)
    {
        string? problem = null;
        return Parser(text.Text, out T value, ref problem)
            ? value
            : throw new UsageException(text.Source, problem ?? $"{UsageException.Quote(text.Text)} is not {Noun}", Expected);
    }
}
