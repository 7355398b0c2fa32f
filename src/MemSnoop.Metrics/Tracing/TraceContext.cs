using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Tracing;

/// <summary>What the columns of one trace are made of, and what they hold until its end.</summary>
internal sealed class TraceContext(MeasuredHost host) : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly List<string> _notes = [];

    internal MeasuredHost Host => host;

    /// <summary>Why some fields will stay empty, one line each.</summary>
    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>Adds a line, once.</summary>
    internal void Note(string line)
    {
        if (!_notes.Contains(line))
        {
            _notes.Add(line);
        }
    }

    /// <summary>Keeps what a column holds; it is disposed with the trace.</summary>
    internal T Own<T>(T disposable)
        where T : class, IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    /// <summary>What an earlier column holds, for one that has to share it; null when there is none.</summary>
    internal T? Find<T>()
        where T : class, IDisposable => _owned.OfType<T>().FirstOrDefault();

    /// <summary>Last made, first disposed: what is shared outlives those who use it.</summary>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }
}
