using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Report;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>Reads a page trace, prints a summary and writes the page.</summary>
internal static class ReportAction
{
    /// <exception cref="UsageException">The file is no trace or not all of one; in the latter case what there is has been reported.</exception>
    internal static async Task<int> RunAsync(string file, string output, TextWriter text, CancellationToken stop)
    {
        PageTrace trace = Load(file, out PageTraceLoss? loss);
        stop.ThrowIfCancellationRequested();
        TraceReport report = new(trace, loss);
        stop.ThrowIfCancellationRequested();
        Write(output, report);
        await text.WriteAsync(ReportText.Write(report)).ConfigureAwait(false);
        await text.WriteLineAsync().ConfigureAwait(false);
        await text.WriteLineAsync($"The pictures are in {UsageException.OneLine(output)}").ConfigureAwait(false);
        return loss is null ? ExitCode.Success : throw new UsageException(UsageException.Quote(file), $"{loss}, which are reported", "a complete page trace");
    }

    private static PageTrace Load(string file, out PageTraceLoss? loss)
    {
        try
        {
            return PageTrace.Load(file, out loss);
        }
        catch (InvalidDataException wrong)
        {
            throw new UsageException(UsageException.Quote(file), wrong.Message, "a file that memsnoop trace --pages recorded");
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            string problem = unread is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read ({UsageException.OneLine(unread.Message)})";
            throw new UsageException(UsageException.Quote(file), problem, "a file that memsnoop trace --pages recorded");
        }
    }

    private static void Write(string output, TraceReport report)
    {
        try
        {
            using FileStream stream = new(output, FileMode.Create, FileAccess.Write);
            ReportPage.Write(stream, report);
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            throw new UsageException("--output", $"{UsageException.Quote(output)} cannot be written ({UsageException.OneLine(unwritten.Message)})", "a file in a directory that exists");
        }
    }
}
