using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>The columns of a trace, and the pages that are recorded beside them.</summary>
internal sealed class TraceColumns : IDisposable
{
    /// <summary>The column of active pages. It is in no output, and its blank keeps it apart from names that a user can give.</summary>
    public const string PagesColumn = "active pages";

    private readonly TraceContext _context;
    private readonly TraceOutputColumn? _pages;

    /// <exception cref="Metrics.Configuration.UsageException">A measurement cannot be taken here as it is asked for.</exception>
    public TraceColumns(TraceRequest request, MeasuredHost host)
    {
        _context = new TraceContext(host);
        try
        {
            // First: a working set in another column uses the same windows.
            _pages = request.Pages is null ? null : new ActivePagesDescriptor().OpenColumn(_context, PagesColumn);
            All = [.. request.Measurements.Select(column => column.Measurement.OpenColumn(_context, column.Name))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<TraceOutputColumn> All { get; } = [];

    /// <inheritdoc cref="TraceContext.Notes"/>
    public IReadOnlyList<string> Notes => _context.Notes;

    /// <summary>Adds the measurements to a trace, in the order of the columns.</summary>
    public void AddTo(ProcessTrace trace)
    {
        _pages?.AddTo(trace);
        foreach (TraceOutputColumn column in All)
        {
            column.AddTo(trace);
        }
    }

    public void Dispose() => _context.Dispose();
}
