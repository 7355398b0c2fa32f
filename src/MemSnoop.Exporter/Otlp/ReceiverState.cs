using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Whether the receiver accepts pushes. Logs each change once, and not each attempt.</summary>
internal sealed partial class ReceiverState(Uri receiver, Duration interval, TimeProvider clock, ILogger log)
{
    private long _failing;
    private bool _isFailing;
    private int _failures;
    private bool _isWarning;

    public void Note(PushResult result)
    {
        if (result.Failure is not null)
        {
            Fail(result.Failure);
            return;
        }

        if (_isFailing)
        {
            _isFailing = false;
            Duration down = new((long)clock.GetElapsedTime(_failing).TotalMilliseconds);
            LogWorking(receiver, down, _failures);
        }

        bool isWarning = result.Rejected > 0 || result.Warning is not null;
        if (isWarning && !_isWarning)
        {
            LogRejecting(receiver, result.Rejected, UsageException.Quote(result.Warning ?? ""));
        }
        else if (!isWarning && _isWarning)
        {
            LogAccepting(receiver);
        }

        _isWarning = isWarning;
    }

    private void Fail(string reason)
    {
        if (!_isFailing)
        {
            (_isFailing, _failing, _failures) = (true, clock.GetTimestamp(), 0);
            LogFailing(receiver, reason, interval);
        }

        _failures++;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "push to {Receiver} fails: {Reason}; still trying every {Interval}, and logged again when it works")]
    private partial void LogFailing(Uri receiver, string reason, Duration interval);

    [LoggerMessage(Level = LogLevel.Information, Message = "push to {Receiver} works again after {Down} and {Failures} failed pushes")]
    private partial void LogWorking(Uri receiver, Duration down, int failures);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Receiver} accepts a push but rejects {Points} of its points: {Warning}; logged again when it accepts all")]
    private partial void LogRejecting(Uri receiver, long points, string warning);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Receiver} accepts all points again")]
    private partial void LogAccepting(Uri receiver);
}
