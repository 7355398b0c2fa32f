namespace MemSnoop.Exporter.Terminal;

/// <summary>How a cell of a table stands out on a terminal with colour.</summary>
internal enum Ink
{
    /// <summary>Not at all.</summary>
    Plain,

    /// <summary>A heading.</summary>
    Heading,

    /// <summary>Something to look at.</summary>
    Warm,

    /// <summary>Nothing to see here.</summary>
    Faint,
}

/// <summary>The sequences for them (ECMA-48, SGR).</summary>
internal static class Inks
{
    /// <summary>The text in that ink.</summary>
    internal static string Paint(this Ink ink, string text) => ink switch
    {
        Ink.Heading => $"\e[1m{text}\e[0m",
        Ink.Warm => $"\e[33m{text}\e[0m",
        Ink.Faint => $"\e[2m{text}\e[0m",
        _ => text,
    };
}
