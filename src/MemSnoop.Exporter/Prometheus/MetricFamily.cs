using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family that an instrument becomes: its names and metadata, and its samples, written as bytes while they are observed.</summary>
internal sealed class MetricFamily : InstrumentSink
{
    private readonly BlockPool _blocks;
    private readonly NamedFamily _underscores;

    // Where nobody asks for it, it takes no memory.
    private readonly Lazy<NamedFamily> _utf8;
    private SampleWriter _writer;
    private SampleBuffer? _samples;
    private SampleBuffer? _spare;
    private ByteBudget _budget = new(0);

    public MetricFamily(CollectedInstrument source, PrometheusOptions options, BlockPool blocks)
        : base(source)
    {
        _blocks = blocks;
        _underscores = new NamedFamily(source, options, NameStyle.Underscores);
        _utf8 = new Lazy<NamedFamily>(() => new NamedFamily(source, options, NameStyle.Utf8));
        _writer = _underscores.Writer(SampleSyntax.Line);
    }

    /// <summary>Its names with underscores, by which families are sorted.</summary>
    public MetricName Name => _underscores.Name;

    /// <summary>What stands in front of the samples.</summary>
    public ReadOnlyMemory<byte> Metadata(ExpositionFormat format) => Under(format.Names).Metadata(format.Syntax);

    /// <summary>Sets how the next observation is written, and how many bytes it may have, together with all families that share the budget.</summary>
    public void Prepare(SampleForm form, ByteBudget budget)
    {
        _writer = Under(form.Names).Writer(form.Syntax);
        _budget = budget;
    }

    /// <summary>Hands over what the latest collection has observed; null when it failed or was not asked for this family.</summary>
    public SampleBuffer? TakeSamples() => IsComplete ? Interlocked.Exchange(ref _samples, null) : null;

    /// <summary>Takes back a buffer that no answer uses any more.</summary>
    public void Return(SampleBuffer buffer)
    {
        buffer.Clear();
        Interlocked.CompareExchange(ref _spare, buffer, null);
    }

    public override void Begin() => _samples = Interlocked.Exchange(ref _spare, null) ?? new SampleBuffer(_blocks);

    public override void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            _budget.Spend(_writer.Write(_samples!, value, tags));
        }
    }

    public override void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            _budget.Spend(_writer.Write(_samples!, value, tags));
        }
    }

    public override void Discard()
    {
        if (Interlocked.Exchange(ref _samples, null) is { } partial)
        {
            Return(partial);
        }
    }

    private NamedFamily Under(NameStyle style) => style == NameStyle.Utf8 ? _utf8.Value : _underscores;
}

/// <summary>How many bytes a collection may still write. Callbacks run one at a time, so it needs no lock.</summary>
internal sealed class ByteBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Whether more was written than allowed, so that the collection cannot be served.</summary>
    public bool IsSpent => _left < 0;

    public void Spend(long bytes) => _left -= bytes;
}
