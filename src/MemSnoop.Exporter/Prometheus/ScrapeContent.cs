namespace MemSnoop.Exporter.Prometheus;

/// <summary>What a collection is made for, or a scrape asks for.</summary>
/// <param name="Selection">Which measurements.</param>
/// <param name="Form">How their samples are written.</param>
internal readonly record struct ScrapeContent(MeasurementSelection Selection, SampleForm Form)
{
    /// <summary>Every instrument, as text.</summary>
    public static ScrapeContent AllAsText { get; } = new(MeasurementSelection.All, ExpositionFormat.Text004.Form);

    /// <summary>Whether a collection with this content holds everything that the other one asks for.</summary>
    public bool Covers(ScrapeContent other) => Form == other.Form && Selection.Covers(other.Selection);
}
