namespace MemSnoop.Exporter.Prometheus;

/// <summary>The instruments that share one name and type, and what stands in front of their samples.</summary>
internal sealed class MetricFamily
{
    private readonly byte[] _text;
    private readonly byte[] _openMetrics;

    /// <summary>Puts a family together.</summary>
    /// <param name="readers">Its instruments, by meter and name. The first description and unit that are not empty count.</param>
    public MetricFamily(InstrumentReader[] readers)
    {
        Readers = readers;
        Name = readers[0].Name;
        Type = readers[0].Type;
        string? unit = readers.Select(reader => reader.Name.Unit).FirstOrDefault(unit => unit is not null);
        string? help = readers.Select(reader => reader.Instrument.Description).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        string word = Type == MetricType.Counter ? "counter" : "gauge";
        _text = MetadataLines.ForText(Name.Sample, word, help);
        _openMetrics = MetadataLines.ForOpenMetrics(Name.Family, word, unit, help);
    }

    public InstrumentReader[] Readers { get; }

    public MetricName Name { get; }

    public MetricType Type { get; }

    /// <summary>Position of the first reader among all readers of the plan.</summary>
    public int FirstReader { get; set; }

    /// <summary>The name by which a format sorts its families.</summary>
    public string MetadataName(bool openMetrics) => openMetrics ? Name.Family : Name.Sample;

    public ReadOnlyMemory<byte> Metadata(bool openMetrics) => openMetrics ? _openMetrics : _text;

    /// <summary>Every name that the family takes in a format, so that no other one may use it.</summary>
    public IEnumerable<string> TakenNames(bool openMetrics, bool createdSeries)
    {
        if (openMetrics && Type == MetricType.Counter)
        {
            yield return Name.Family;
            if (createdSeries)
            {
                yield return Name.Family + "_created";
            }
        }

        yield return Name.Sample;
    }

    /// <summary>What the instruments say differently about the family, for the log.</summary>
    public IEnumerable<string> Disagreements()
    {
        if (Readers.Select(reader => reader.Instrument.Description).Where(text => !string.IsNullOrEmpty(text)).Distinct().Skip(1).Any())
        {
            yield return $"instruments of {Name.Family} have different descriptions; the first is published";
        }

        if (Readers.Select(reader => reader.Instrument.Unit ?? "").Distinct().Skip(1).Any())
        {
            yield return $"instruments of {Name.Family} have different units; the first is published";
        }
    }
}
