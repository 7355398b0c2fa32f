namespace MemSnoop.Exporter.Commands;

/// <summary>How <c>memsnoop trace</c> writes samples.</summary>
internal enum TraceFormat
{
    /// <summary>Columns for people.</summary>
    Table,

    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>Comma-separated values with a header (RFC 4180).</summary>
    Csv,
}
