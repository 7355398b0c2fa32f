using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Top;

/// <summary>Where <c>memsnoop top</c> has its numbers from: an exporter, by its socket or its address, or this program itself.</summary>
internal interface IOverviewSource : IAsyncDisposable
{
    /// <summary>Which it is, in a few words.</summary>
    string Name { get; }

    /// <summary>All there is to see of what is wanted.</summary>
    /// <param name="query">Which rows.</param>
    /// <param name="stop">Gives it up.</param>
    /// <exception cref="UsageException">There is no answer, and why. It may help to ask again.</exception>
    Task<Overview> ReadAsync(TableQuery query, CancellationToken stop);
}
