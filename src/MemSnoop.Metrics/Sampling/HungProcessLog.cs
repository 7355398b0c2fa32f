using MemSnoop.Kernel;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Tells the log of processes that do not answer, whoever finds out.</summary>
internal sealed partial class HungProcessLog : IDisposable
{
    private readonly HungProcesses _hung;
    private readonly ILogger<HungProcessLog> _logger;

    internal HungProcessLog(HungProcesses hung, ILogger<HungProcessLog> logger)
    {
        _hung = hung;
        _logger = logger;
        _hung.Changed += Tell;
    }

    public void Dispose() => _hung.Changed -= Tell;

    private void Tell(int pid, bool hangs)
    {
        if (hangs)
        {
            Hangs(pid);
        }
        else
        {
            Answers(pid);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "process {Pid} does not answer and is skipped until it does: it waits for something in the middle of an exec, or with its address space locked")]
    private partial void Hangs(int pid);

    [LoggerMessage(Level = LogLevel.Information, Message = "process {Pid} answers again, or has ended")]
    private partial void Answers(int pid);
}
