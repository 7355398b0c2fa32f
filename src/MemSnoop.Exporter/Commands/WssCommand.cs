using System.CommandLine;
using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop wss PID SECONDS</c>: the working set of one process over one window, once.</summary>
internal sealed class WssCommand : MemSnoopCommand
{
    private const double MiB = 1 << 20;

    // A day: longer than any useful window, and far below the limit of timers.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // Both are optional for the parser, so that the error line is this program's own.
    private readonly Argument<string> _pid = new("PID") { Arity = ArgumentArity.ZeroOrOne, Description = "The process." };
    private readonly Argument<string> _seconds = new("SECONDS")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Length of the window: a number of seconds such as 0.5, or a duration such as 2m.",
    };

    public WssCommand()
        : base(
            "wss", "Measure once how much memory a process uses within a window.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        Add(_pid);
        Add(_seconds);
    }

    public override string Usage => "wss PID SECONDS [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop wss 1234 10", "measure the memory that process 1234 uses within the next 10 seconds")];

    public override void CheckArguments(ParseResult arguments) => _ = ReadArguments(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        (int pid, TimeSpan window) = ReadArguments(invocation.Arguments);
        KernelPaths paths = invocation.Host.Paths;
        WorkingSetOptions options = invocation.Options.WorkingSet;
        using TrackedProcess process = Selections.Require(pid, paths, "PID");
        string method = WorkingSetChoice.Choose(options.Method, paths)
            ?? throw new UsageException("wss", "no method works here", "a method that memsnoop check shows as working");

        TimeProvider clock = TimeProvider.System;
        using IWorkingSetEstimator estimator = WorkingSetMethods.Create(method, paths, WorkingSetChoice.Settings(options), clock);
        OneProcess sink = new();
        estimator.Pass([process], 0, sink);
        sink.Require(process, options);
        await Task.Delay(window, clock, stop).ConfigureAwait(false);
        estimator.Pass([process], 0, sink);
        sink.Require(process, options);
        WorkingSetSample sample = sink.Sample ?? throw new UsageException("PID", $"process {process} ended before its window", "a process that runs longer");

        // After the window, not in it: the walk over the page tables would stall the target.
        ReadOutcome outcome = new SmapsMeasurement().Measure(process, out MappingSample memory);
        sink.Skipped(process, outcome);
        sink.Require(process, options);

        await invocation.Output.WriteLineAsync("Est(s)  RSS(MB)  PSS(MB)  Ref(MB)  Method").ConfigureAwait(false);
        await invocation.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{sample.Window.TotalSeconds,6:F3}  {memory.ResidentBytes / MiB,7:F2}  {memory.ProportionalBytes / MiB,7:F2}  {sample.TotalBytes / MiB,7:F2}  {method}")).ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();   // half a window has no result
        return ExitCode.Success;
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

    private sealed class OneProcess : IWorkingSetSink
    {
        private ReadOutcome _outcome;

        internal WorkingSetSample? Sample { get; private set; }

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => Sample = sample;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => _outcome = reason;

        internal void Require(TrackedProcess process, WorkingSetOptions options)
        {
            if (_outcome != ReadOutcome.Success)
            {
                throw _outcome switch
                {
                    ReadOutcome.ProcessGone => new UsageException("PID", $"process {process} ended before its window", "a process that runs longer"),
                    ReadOutcome.Denied => new UsageException("PID", $"the kernel does not let this user read process {process}", "root, or a process of this user"),
                    ReadOutcome.TooLarge => new UsageException(
                        "PID",
                        $"process {process} holds more than {options.ReferencedMaxResident}, and the referenced method would stall it",
                        "a smaller process, or a larger --referenced-max-resident"),
                    ReadOutcome.WouldStall => new UsageException(
                        "PID", $"the referenced method would hold process {process} up for longer than {Duration.Format(options.MaxStall)}", "a smaller process, or a larger --max-stall"),
                    _ => new UsageException("PID", $"process {process} cannot be measured ({_outcome.ToReason()})", "what memsnoop check lists as working"),
                };
            }
        }
    }
}
