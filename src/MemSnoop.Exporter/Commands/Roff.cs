using System.Text;

namespace MemSnoop.Exporter.Commands;

/// <summary>Writes a manual page in the language of <c>man(7)</c>.</summary>
internal sealed class Roff(TextWriter output)
{
    // A heading begins a paragraph by itself.
    private bool _isBelowHeading;

    /// <summary>The first lines: name, section, date, version and volume. No line is stretched and no word divided, since options are words.</summary>
    public void Head(string name, string section, string date, string version, string volume)
    {
        output.WriteLine($".TH {Quoted(name.ToUpperInvariant())} {section} {date} {Quoted(version)} {Quoted(volume)}");
        output.WriteLine(".ad l");
        output.WriteLine(".nh");
    }

    public void Section(string title) => Heading("SH", title.ToUpperInvariant());

    public void Subsection(string title) => Heading("SS", title);

    public void Paragraph(string text)
    {
        Begin();
        Text(text);
    }

    /// <summary>Text in the paragraph that has begun.</summary>
    public void Text(string text)
    {
        output.WriteLine(Prose(text));
        _isBelowHeading = false;
    }

    /// <summary>A term, and indented below it what it means.</summary>
    public void Item(string term, string meaning)
    {
        output.WriteLine(".TP");
        output.WriteLine($"\\fB{Literal(term)}\\fR");
        Text(meaning);
    }

    /// <summary>Another paragraph of an item.</summary>
    public void More(string text)
    {
        output.WriteLine(".IP");
        Text(text);
    }

    /// <summary>Lines as they are.</summary>
    public void Lines(params IEnumerable<string> lines)
    {
        Begin();
        output.WriteLine(".RS 4");
        output.WriteLine(".nf");
        foreach (string line in lines)
        {
            output.WriteLine(AtLineStart(Literal(line)));
        }

        output.WriteLine(".fi");
        output.WriteLine(".RE");
    }

    private void Heading(string macro, string title)
    {
        output.WriteLine($".{macro} {Quoted(title)}");
        _isBelowHeading = true;
    }

    private void Begin()
    {
        if (!_isBelowHeading)
        {
            output.WriteLine(".PP");
        }

        _isBelowHeading = false;
    }

    // In running text an apostrophe is one, and a hyphen may be either; options are to be searched and copied, so it is the character of the keyboard.
    private static string Prose(string text) => AtLineStart(Escape(text, isLiteral: false));

    private static string Literal(string text) => Escape(text, isLiteral: true);

    // A dot or an apostrophe at the start of a line would make it a request.
    private static string AtLineStart(string text) => text.StartsWith('.') || text.StartsWith('\'') ? $"\\&{text}" : text;

    private static string Quoted(string text) => $"\"{Literal(text)}\"";

    private static string Escape(string text, bool isLiteral)
    {
        StringBuilder escaped = new(text.Length + 16);
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '\\' => escaped.Append("\\e"),
                '-' => escaped.Append("\\-"),
                '"' => escaped.Append("\\(dq"),
                '^' => escaped.Append("\\(ha"),
                '~' => escaped.Append("\\(ti"),
                '`' => escaped.Append("\\(ga"),
                '\'' when isLiteral => escaped.Append("\\(aq"),
                '|' => escaped.Append("|\\:"),   // a line may end here: some regular expressions are longer than a line
                '\u00a0' => escaped.Append("\\ "),
                _ => escaped.Append(letter),
            };
        }

        return escaped.ToString();
    }
}
