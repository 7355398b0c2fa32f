using System.Globalization;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>One line on a terminal that says how far a trace is; silent where nobody watches, or where the samples are shown themselves.</summary>
internal sealed class TraceProgress(TextWriter? terminal) : IDisposable
{
    // Back to the first column, and clear to the end of the line (ECMA-48).
    private const string Restart = "\r\x1b[K";
    private bool _isShown;

    public static TraceProgress Create(TraceRequest request, TextWriter error)
    {
        bool showsSamples = request.Output is null && !Console.IsOutputRedirected;
        return new TraceProgress(Console.IsErrorRedirected || showsSamples ? null : error);
    }

    public void Show(TraceSample sample, int? count)
    {
        if (terminal is not null)
        {
            _isShown = true;
            string of = count is int all ? $" of {all}" : "";
            terminal.Write(string.Create(CultureInfo.InvariantCulture, $"{Restart}{sample.Index + 1}{of} samples in {sample.Offset.TotalSeconds:F1} s"));
            terminal.Flush();
        }
    }

    public void Dispose()
    {
        if (_isShown)
        {
            terminal!.Write(Restart);
            terminal.Flush();
        }
    }
}
