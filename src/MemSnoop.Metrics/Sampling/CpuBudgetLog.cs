using System.Globalization;
using MemSnoop.Metrics.Configuration;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Says in the log when all memory is measured no more, or again, and when there is no time for any: once for each change.</summary>
internal sealed partial class CpuBudgetLog(CpuBudget budget, ILogger logger)
{
    private (bool HasTime, bool IsWhole) _told = (true, true);

    /// <summary>After a pass that measured this share.</summary>
    internal void Tell(double share)
    {
        (bool hasTime, bool isWhole) state = (double.IsNaN(budget.Least), share >= 1);
        if (state == _told)
        {
            return;
        }

        _told = state;
        string limit = Syntax.Cores.Format(budget.Limit);
        if (!state.hasTime)
        {
            string least = Percent(budget.Least);
            NoTime(limit, least);
        }
        else if (state.isWhole)
        {
            AllMeasured(limit);
        }
        else
        {
            string measured = Percent(share);
            ShareMeasured(measured, limit);
        }
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:G3}%");

    [LoggerMessage(Level = LogLevel.Warning, Message = "working sets are not measured: the CPU budget of {Limit} leaves no time; with {Least} of a core or more there are numbers")]
    private partial void NoTime(string limit, string least);

    [LoggerMessage(Level = LogLevel.Information, Message = "passes measure all memory within the CPU budget of {Limit}")]
    private partial void AllMeasured(string limit);

    [LoggerMessage(Level = LogLevel.Information, Message = "passes measure {Share} of memory to keep within the CPU budget of {Limit}; working sets are estimates, with their errors beside them")]
    private partial void ShareMeasured(string share, string limit);
}
