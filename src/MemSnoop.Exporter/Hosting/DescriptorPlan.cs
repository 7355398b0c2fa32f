using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Web;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// Divides the files that the process may open among connections and what is measured, before any of them is. The runtime ends the process when it finds no descriptor for itself,
/// so nothing that comes over the network may take the last ones. Who looks at the page has one of the connections, and <see cref="View.Live.LiveEvents.Fitting"/> says how many may.
/// </summary>
internal static class DescriptorPlan
{
    /// <summary>Sets aside what connections to the endpoint and to the local socket can take.</summary>
    /// <returns>How many connections the endpoint may have.</returns>
    /// <exception cref="UsageException">There are too few for anything.</exception>
    internal static int SetAsideConnections(HandleBudget budget, WebOptions options)
    {
        if (budget.OpenFiles < ConnectionTable.MinOpenFiles)
        {
            throw new UsageException(
                "limit of open files", string.Create(CultureInfo.InvariantCulture, $"it is {budget.OpenFiles} (ulimit -Hn, LimitNOFILE=), too few to serve"),
                string.Create(CultureInfo.InvariantCulture, $"at least {ConnectionTable.MinOpenFiles}"));
        }

        budget.SetAside(Connections(budget, options));
        return ConnectionTable.Fitting(budget.OpenFiles, options.MaxConnections);
    }

    /// <summary>How many files of processes the exporter can keep open.</summary>
    internal static int LeftForProcesses(HandleBudget budget, WebOptions options) => Math.Max(0, budget.Limit - Connections(budget, options));

    private static int Connections(HandleBudget budget, WebOptions options) =>
        ConnectionTable.Fitting(budget.OpenFiles, options.MaxConnections) + LocalApiService.Connections(budget.OpenFiles);
}
