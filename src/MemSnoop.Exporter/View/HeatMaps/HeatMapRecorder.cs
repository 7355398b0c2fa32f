using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.View.HeatMaps;

/// <summary>
/// Records the active pages of one process at a time, in windows of the sampler: nobody else marks page frames. The last recording is kept for ten minutes, in memory alone.
/// </summary>
/// <param name="last">What is sampled.</param>
/// <param name="clock">The clock.</param>
/// <param name="log">The log: who records the addresses of a process shall be seen.</param>
internal sealed partial class HeatMapRecorder(LastSamples last, TimeProvider clock, ILogger log) : IDisposable
{
    /// <summary>How long a recording is kept once it has ended.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    // Columns of rows and counts, their cells, and what JSON makes of them.
    private const long MostBytes = (PageHeat.MostRows * HeatMapRequest.MostWindows * (sizeof(ulong) + sizeof(uint))) + (1 << 20);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private Recording? _recording;
    private long _ids;
    private bool _isDisposed;

    /// <summary>What a recording would cost.</summary>
    internal HeatMapCost CostOf(HeatMapRequest request, ulong residentBytes)
    {
        double? cpu = CpuOf(request, residentBytes);
        string words = string.Create(
            CultureInfo.InvariantCulture,
            $"{request.Windows} windows of {MethodWords.Length(request.Window)}: {(cpu is { } seconds ? $"about {Math.Max(seconds, 0.01):0.##} s of one processor" : "processor time that is not known yet")}; the process is not stopped, and no other number changes");
        return new HeatMapCost
        {
            Windows = request.Windows,
            Seconds = request.Length.TotalSeconds,
            CpuSeconds = cpu,
            MemoryBytes = MostBytes,
            Words = words,
            MayRecord = true,
        };
    }

    /// <summary>Begins a recording; null if another is under way.</summary>
    internal HeatMapView? TryBegin(HeatMapRequest request, string name)
    {
        lock (_gate)
        {
            if (_recording is { IsOver: false })
            {
                return null;
            }

            _recording?.Dispose();
            Recording recording = new(++_ids, request, name, clock, last.Host.Units.PageBytes, _stopping.Token);
            _recording = recording;
            int pid = request.Process.Pid;
            string length = MethodWords.Length(request.Length);
            Recorded(pid, length);
            _ = Task.Run(() => RecordAsync(recording));
            return recording.ToView(withHeat: false);
        }
    }

    /// <summary>A recording; null if there is none of that number any more.</summary>
    internal HeatMapView? Find(long id)
    {
        lock (_gate)
        {
            return Current() is { } recording && recording.Id == id ? recording.ToView(withHeat: true) : null;
        }
    }

    /// <summary>All that there are.</summary>
    internal HeatMapList List()
    {
        lock (_gate)
        {
            return new HeatMapList(1, Current() is { } recording ? [recording.ToView(withHeat: false)] : []);
        }
    }

    /// <summary>Ends a recording that is under way, which keeps what it has; forgets one that has ended. Null if there is none of that number.</summary>
    internal HeatMapView? End(long id)
    {
        lock (_gate)
        {
            if (Current() is not { } recording || recording.Id != id)
            {
                return null;
            }

            if (recording.IsOver)
            {
                recording.Dispose();
                _recording = null;
            }
            else
            {
                recording.Stop();
            }

            return recording.ToView(withHeat: false);
        }
    }

    private Recording? Current()
    {
        if (_recording is { IsOver: true } old && clock.GetElapsedTime(old.EndedAt) > Kept)
        {
            old.Dispose();
            _recording = null;
        }

        return _recording;
    }

    // A walk costs by what a process holds, so the process's share of the last pass is what one of its windows costs. One more begins the first.
    private double? CpuOf(HeatMapRequest request, ulong residentBytes)
    {
        WorkingSetRound round = last.Round;
        double all = round.Processes.Sum(static entry => (double)entry.Sample.ResidentBytes);
        return double.IsNaN(round.Cost.CpuSeconds) || all <= 0 ? null : round.Cost.CpuSeconds * Math.Min(1, residentBytes / all) * (request.Windows + 1);
    }

    private async Task RecordAsync(Recording recording)
    {
        ReadOutcome outcome = ReadOutcome.Failed;
        try
        {
            outcome = last.Windows is { } windows
                ? await windows.RecordPagesAsync(recording.Request.Process, recording.Request.Window, recording.Request.Windows, recording.Heat, recording.Stopped).ConfigureAwait(false)
                : ReadOutcome.NotSupported;
        }
        catch (OperationCanceledException) when (recording.Stopped.IsCancellationRequested)
        {
            // It keeps what it has.
            outcome = ReadOutcome.Success;
        }
#pragma warning disable CA1031 // Whoever looks at the recording gets the reason, and the exporter runs on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Failed(error.Message);
        }
        finally
        {
            recording.Finish(outcome);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "recording the heat map of process {Pid} for {Length}")]
    private partial void Recorded(int pid, string length);

    [LoggerMessage(Level = LogLevel.Error, Message = "recording a heat map failed: {Cause}")]
    private partial void Failed(string cause);

    /// <summary>Ends what is under way. The service that has it is a service twice, and is disposed as often.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _stopping.Cancel();
        lock (_gate)
        {
            _recording?.Dispose();
        }

        _stopping.Dispose();
    }
}
