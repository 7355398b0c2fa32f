using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace MemSnoop.Exporter.Otlp;

/// <summary>The official exporter, with messages that receivers accept, and with the result of each push.</summary>
internal sealed class PushExporter(OtlpExporterOptions options, ReceiverHandler receiver) : OtlpMetricExporter(options)
{
    /// <summary>
    /// Points in one message, unless an instrument alone has more. A point takes some 100 bytes, and a gRPC server refuses
    /// messages above 4 MiB unless told otherwise.
    /// </summary>
    private const int MostPoints = 10_000;

    private readonly Dictionary<string, DateTimeOffset> _starts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _received = new(StringComparer.Ordinal);
    private Metric[] _metrics = new Metric[16];
    private int _count;
    private int _points;

    /// <summary>How the latest push went.</summary>
    public PushResult Result { get; private set; }

    /// <summary>Whether the receiver got an instrument's points of the latest push.</summary>
    public bool HasReceived(string instrument) => _received.Contains(instrument);

    /// <summary>Called before a push: forgets the result of the one before.</summary>
    public void Reset()
    {
        _received.Clear();
        Result = default;
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        (_count, _points) = (0, 0);
        bool failed = false;
        foreach (Metric metric in batch)
        {
            int points = SetStart(metric);
            if (_count > 0 && _points + points > MostPoints)
            {
                failed |= !Send(failed);
            }

            Add(metric, points);
        }

        failed |= _count > 0 && !Send(failed);
        return failed ? ExportResult.Failure : ExportResult.Success;
    }

    private void Add(Metric metric, int points)
    {
        if (_count == _metrics.Length)
        {
            Array.Resize(ref _metrics, 2 * _metrics.Length);
        }

        _metrics[_count++] = metric;
        _points += points;
    }

    // Once a message has failed, the rest of the push need not be tried: each would take its timeout.
    private bool Send(bool isHopeless)
    {
        receiver.Answer = default;
        bool isSent = !isHopeless && base.Export(new Batch<Metric>(_metrics, _count)) == ExportResult.Success;
        if (isSent)
        {
            foreach (Metric metric in _metrics.AsSpan(0, _count))
            {
                NoteReceived(metric);
            }

            long rejected = Math.Min(receiver.Answer.Rejected, _points);
            Result = Result with
            {
                Accepted = Result.Accepted + _points - rejected,
                Rejected = Result.Rejected + rejected,
                Warning = receiver.Answer.Warning ?? Result.Warning,
            };
        }
        else
        {
            Result = Result with
            {
                Failed = Result.Failed + _points,
                Failure = Result.Failure ?? receiver.Answer.Failure ?? "the message is too large, or could not be encoded",
            };
        }

        Array.Clear(_metrics, 0, _count);
        (_count, _points) = (0, 0);
        return isSent;
    }

    private int SetStart(Metric metric)
    {
        int points = 0;
        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            if (points++ == 0)
            {
                _starts.TryAdd(metric.Name, point.StartTime);
            }
        }

        if (_starts.TryGetValue(metric.Name, out DateTimeOffset start))
        {
            StreamStart.Set(metric, start);
        }

        return points;
    }

    private void NoteReceived(Metric metric)
    {
        _received.Add(metric.Name);
        if (metric.Temporality != AggregationTemporality.Delta)
        {
            return;
        }

        // The next delta begins where this one ends; one that did not arrive is part of the next.
        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            _starts[metric.Name] = point.EndTime;
            return;
        }
    }
}

/// <summary>Collects when it is told to. Its end does not push once more, since the last push is done by then.</summary>
internal sealed class PushReader(BaseExporter<Metric> exporter) : BaseExportingMetricReader(exporter)
{
    protected override bool OnShutdown(int timeoutMilliseconds) => exporter.Shutdown(timeoutMilliseconds);
}
