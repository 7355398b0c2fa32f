namespace MemSnoop.Exporter.Terminal;

/// <summary>One line on a terminal that says how far something is, each time in place of what it said before; gone at the end.</summary>
/// <param name="terminal">Standard error if it is a terminal; null for nowhere.</param>
/// <param name="screen">How wide it is.</param>
internal sealed class ProgressLine(TextWriter? terminal, Screen screen) : IDisposable
{
    // Back to the first column, and clear to the end of the line (ECMA-48).
    private const string Restart = "\r\e[K";

    private bool _isShown;

    /// <summary>Whether anybody sees it.</summary>
    internal bool IsSeen => terminal is not null;

    /// <summary>Says it, as far as there is room on the line: what goes over its end would not be replaced.</summary>
    internal void Show(string text)
    {
        if (terminal is not null)
        {
            _isShown = true;
            terminal.Write(Restart + (text.Length < screen.Width ? text : text[..(screen.Width - 1)]));
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
