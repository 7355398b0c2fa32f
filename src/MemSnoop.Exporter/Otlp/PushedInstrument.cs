using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Prometheus;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Otlp;

/// <summary>An observable instrument on its way into the SDK.</summary>
/// <remarks>
/// The SDK does not listen to the instrument itself but to a stream: an instrument of the same name on a meter of its own,
/// which repeats what was observed. For the SDK's store keeps a slot for every series that it has ever seen, those of
/// processes that ended long ago included, and when it has no more slots new series vanish into one overflow series. Here
/// it is known before the SDK is told whether all series fit; where they do not, the stream ends and a roomier one takes
/// its place, with nothing but the living in it.
/// </remarks>
internal abstract partial class PushedInstrument(Instrument instrument, PushSources sources, ILogger log) : GuardedCall, IDisposable
{
    private string? _loggedCause;

    public string Name => instrument.Name;

    /// <summary>The measurement it belongs to; null for those that report on the measuring and are observed last.</summary>
    public string? Collector { get; } = sources.CollectorOf(instrument);

    /// <summary>How often its stream has been replaced.</summary>
    public abstract int Renewals { get; }

    protected Instrument Instrument => instrument;

    /// <summary>Null for instruments that are not observed, and for types of number that the SDK does not know.</summary>
    public static PushedInstrument? Create(Instrument instrument, OtlpTemporality temporality, PushSources sources, object owner, ILogger log)
    {
        Type type = instrument.GetType();
        if (!type.IsGenericType || !instrument.IsObservable)
        {
            return null;
        }

        Type number = type.GetGenericArguments()[0];
        return number == typeof(long) || number == typeof(int) || number == typeof(short) || number == typeof(byte)
            ? new PushedInstrument<long>(instrument, temporality, sources, owner, log)
            : number == typeof(double) || number == typeof(float)
                ? new PushedInstrument<double>(instrument, temporality, sources, owner, log)
                : null;
    }

    /// <summary>Begins to listen; <paramref name="unpublished"/> is called when the instrument's meter has been disposed.</summary>
    public abstract void Enable(Action<PushedInstrument> unpublished);

    /// <summary>After the observation: makes room for every series, and settles what the SDK will be told.</summary>
    public abstract void Prepare();

    /// <summary>After the push: notes whether the receiver has it.</summary>
    public abstract void Settle(bool received);

    public abstract void Dispose();

    protected override void OnFailed(Exception error)
    {
        // The listener wraps what a callback throws, even a single exception.
        Exception cause = error is AggregateException { InnerExceptions: [{ } inner] } ? inner : error;
        string text = cause.GetType() + cause.Message;
        if (text != _loggedCause)
        {
            _loggedCause = text;
            LogFailed(instrument.Name, cause.Message);
        }

        sources.ObservationFailed(instrument, cause);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "left out of the push: {Instrument}: {Cause}; said once per cause")]
    private partial void LogFailed(string instrument, string cause);
}
