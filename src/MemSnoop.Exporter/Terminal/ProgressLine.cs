namespace MemSnoop.Exporter.Terminal;

/// <summary>One line on a terminal that says how far something is, each time in place of what it said before; gone at the end.</summary>
/// <param name="terminal">Standard error if it is a terminal; null for nowhere.</param>
internal sealed class ProgressLine(TextWriter? terminal) : IDisposable
{
    // Back to the first column, and clear to the end of the line (ECMA-48).
    private const string Restart = "\r\e[K";

    private bool _isShown;

    /// <summary>Whether anybody sees it.</summary>
    internal bool IsSeen => terminal is not null;

    /// <summary>Says it. The text must fit into a line.</summary>
    internal void Show(string text)
    {
        if (terminal is not null)
        {
            _isShown = true;
            terminal.Write(Restart + text);
            terminal.Flush();
        }
    }

    /// <summary>Makes room for lines that are to stay.</summary>
    internal void Clear()
    {
        if (_isShown)
        {
            _isShown = false;
            terminal!.Write(Restart);
            terminal.Flush();
        }
    }

    public void Dispose() => Clear();
}
