namespace MemSnoop.Exporter.Prometheus;

/// <summary>How the names of instruments and attributes become those of series and labels.</summary>
internal enum NameStyle
{
    /// <summary>What is not a letter, a digit or an underscore becomes an underscore: <c>memsnoop_process_idle_bytes</c>.</summary>
    Underscores,

    /// <summary>They stay as they are, but for the suffixes of unit and counter: <c>memsnoop.process.idle_bytes</c>.</summary>
    Utf8,
}
