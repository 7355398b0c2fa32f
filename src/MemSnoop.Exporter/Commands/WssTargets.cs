using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>The processes that <c>memsnoop wss</c> is asked about, round after round.</summary>
internal sealed class WssTargets : IDisposable
{
    private readonly TrackedProcess? _one;
    private readonly ProcessTable? _table;

    /// <exception cref="UsageException">A process that is named by its id does not exist, or is a kernel thread.</exception>
    internal WssTargets(WssRequest request, MeasuredHost host)
    {
        if (request.IsOne)
        {
            _one = Selections.Require(request.Pids[0], host.Paths, "PID");
            return;
        }

        foreach (int pid in request.Pids)
        {
            Selections.Require(pid, host.Paths, "PID").Dispose();
        }

        ProcessSelection selection = new()
        {
            All = request.All, Pids = request.Pids.ToHashSet(), Names = request.Names, IncludeChildren = false, MaxProcesses = int.MaxValue,
        };
        _table = new ProcessTable(host.Paths, selection, host.Budget, TimeProvider.System);
    }

    /// <summary>The processes there are now, those that hold most first.</summary>
    internal IReadOnlyList<TrackedProcess> Find()
    {
        if (_one is not null)
        {
            return [_one];
        }

        _table!.Refresh();
        return [.. _table.Watched.OrderByDescending(static process => process.Stat.ResidentPages)];
    }

    public void Dispose()
    {
        _one?.Dispose();
        _table?.Dispose();
    }
}
