using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Tests.Embedding;

/// <summary>A number that an instrument said.</summary>
internal sealed record Said(string Instrument, IReadOnlyDictionary<string, string> Attributes, double Value)
{
    public int? Pid => Attributes.TryGetValue("pid", out string? pid) ? int.Parse(pid) : null;

    public override string ToString() => $"{Instrument}{{{string.Join(',', Attributes.Select(static pair => $"{pair.Key}={pair.Value}"))}}} {Value}";
}

/// <summary>All that was said by one observation. As text it is what tells why something is absent.</summary>
internal sealed class SaidList : List<Said>
{
    public override string ToString() => string.Join('\n', this.Where(static each =>
        each.Instrument.StartsWith("memsnoop.measurement.", StringComparison.Ordinal) || each.Instrument.StartsWith("memsnoop.process.working_set", StringComparison.Ordinal)));
}

/// <summary>An application of the plainest kind that embeds MemSnoop, and a listener of its meter alone.</summary>
internal sealed class EmbeddedHost : IDisposable
{
    private readonly MeterListener _listener = new();
    private SaidList _said = [];
    private readonly List<Instrument> _instruments = [];

    public EmbeddedHost(Action<IServiceCollection> add)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        add(builder.Services);
        Application = builder.Build();
        IMeterFactory factory = Application.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Other tests of this process have meters of this name too.
            if (instrument.Meter.Scope == factory)
            {
                _instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    public IHost Application { get; }

    public IReadOnlyList<Instrument> Instruments => _instruments;

    /// <summary>Starts an application with these services.</summary>
    public static async Task<EmbeddedHost> StartAsync(Action<IServiceCollection> add)
    {
        EmbeddedHost host = new(add);
        await host.Application.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    /// <summary>Runs every callback once.</summary>
    public SaidList Observe()
    {
        _said = [];
        _listener.RecordObservableInstruments();
        return _said;
    }

    public void Dispose()
    {
        Application.Dispose();
        _listener.Dispose();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, string> attributes = [];
        foreach ((string key, object? attribute) in tags)
        {
            attributes.Add(key, attribute?.ToString() ?? "");
        }

        _said.Add(new Said(instrument.Name, attributes, value));
    }
}
