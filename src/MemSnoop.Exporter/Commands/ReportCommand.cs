using System.CommandLine;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Report;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop report FILE</c>: what a recorded page trace shows, as text and as a page for a browser.</summary>
internal sealed class ReportCommand : MemSnoopCommand
{
    // Optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _file = new("FILE") { Arity = ArgumentArity.ZeroOrOne, Description = "A page trace that memsnoop trace --pages recorded." };
    private readonly Option<string[]> _output = new("--output")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = "FILE.html",
        Description = "Write the page to this file (default:\u00a0FILE with the ending .html).",
    };

    public ReportCommand()
        : base("report", "Show a page trace: heat map, working-set curve, reuse distances.", static _ => false)
    {
        Add(_file);
        Add(_output);
    }

    public override string Usage => "report FILE [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop report build.pages --output build.html", "print a summary, and write charts to build.html")];

    public override void CheckArguments(ParseResult arguments) => _ = ReadArguments(arguments);

    /// <exception cref="UsageException">The file is not a trace, or an incomplete one; the readable part has then been reported.</exception>
    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        (string file, string output) = ReadArguments(invocation.Arguments);
        PageTrace trace = Load(file, out PageTraceLoss? loss);
        stop.ThrowIfCancellationRequested();
        TraceReport report = new(trace, loss);
        stop.ThrowIfCancellationRequested();
        Write(output, report);
        await invocation.Output.WriteAsync(ReportText.Write(report)).ConfigureAwait(false);
        await invocation.Output.WriteLineAsync().ConfigureAwait(false);
        await invocation.Output.WriteLineAsync($"The charts are in {UsageException.OneLine(output)}").ConfigureAwait(false);
        return loss is null ? ExitCode.Success : throw new UsageException(UsageException.Quote(file), $"{loss}, which are reported", "a complete page trace");
    }

    internal (string File, string Output) ReadArguments(ParseResult arguments)
    {
        string file = arguments.GetValue(_file) is { Length: > 0 } given
            ? given
            : throw new UsageException("FILE", "is missing", "a page trace, as in memsnoop report build.pages");
        string output = arguments.GetValue(_output) switch
        {
            null or [] => Path.ChangeExtension(file, ".html"),
            [{ Length: > 0 } single] => single,
            [_] => throw new UsageException("--output", "is empty", "a file to write"),
            _ => throw new UsageException("--output", "is given more than once", "one file"),
        };
        return Path.GetFullPath(file) == Path.GetFullPath(output)
            ? throw new UsageException("--output", $"{UsageException.Quote(output)} is the trace itself", "another file")
            : (file, output);
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
