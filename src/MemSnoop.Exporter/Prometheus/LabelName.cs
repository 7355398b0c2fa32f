namespace MemSnoop.Exporter.Prometheus;

/// <summary>Brings attribute keys into the label charset <c>[a-zA-Z_][a-zA-Z0-9_]*</c>.</summary>
internal static class LabelName
{
    /// <summary>
    /// The label name of an attribute key. A leading digit gets an underscore in front; runs of underscores become one, so no name can
    /// begin with the two that Prometheus keeps for itself; a key that is null or empty becomes <c>_</c>.
    /// </summary>
    public static string From(string? key)
    {
        if (string.IsNullOrEmpty(key))
        {
            return "_";
        }

        string name = Underscores.Collapse(key, static (c, _) => char.IsAsciiLetterOrDigit(c));
        return char.IsAsciiDigit(name[0]) ? "_" + name : name;
    }
}
