using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using System.Globalization;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop wss PID SECONDS</c>: the working set of one process over one window, once.</summary>
internal sealed class WssCommand : MemSnoopCommand
{
    // A whole day: longer than any window that a person would wait for, and far from where timers overflow.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // Both may be absent to the parser, so that it is our line that tells what is missing.
    private readonly Argument<string> _pid = new("PID") { Arity = ArgumentArity.ZeroOrOne, Description = "The process." };
    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m.",
    };

    public WssCommand()
        : base(
            "wss", "Measure once how much memory a process uses within a time.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        Add(_pid);
        Add(_seconds);
    }

    public override string Usage => "wss PID SECONDS [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop wss 1234 10", "the memory that process 1234 uses within the next 10 seconds")];

    public override void CheckArguments(ParseResult arguments) => _ = ReadArguments(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        (int pid, TimeSpan window) = ReadArguments(invocation.Arguments);
        int code = await WssAction.RunAsync(invocation.Options, pid, window, invocation.Output, stop).ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();   // an answer about half a window is no answer
        return code;
    }

    internal (int Pid, TimeSpan Window) ReadArguments(ParseResult arguments) => (Pid(arguments), Window(arguments));

    private int Pid(ParseResult arguments)
    {
        string text = arguments.GetValue(_pid) ?? throw new UsageException("PID", "is missing", "a process id, as in memsnoop wss 1234 10");
        return Syntax.Pid.Parse(new SettingText(text, "PID"));
    }

    private TimeSpan Window(ParseResult arguments)
    {
        string text = arguments.GetValue(_seconds) ?? throw new UsageException("SECONDS", "is missing", "the length of the window, as in memsnoop wss 1234 10");
        TimeSpan? window = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            ? TimeSpan.FromSeconds((double)Math.Min(seconds, 1_000_000))
            : Duration.TryParse(text, out Duration duration) ? duration.Value : null;
        return window > TimeSpan.Zero && window <= Longest
            ? window.Value
            : throw new UsageException(
                "SECONDS", $"{UsageException.Quote(text)} is not the length of a window",
                "a number of seconds such as 0.5, or a duration such as 2m, more than 0 and at most 1d");
    }
}
