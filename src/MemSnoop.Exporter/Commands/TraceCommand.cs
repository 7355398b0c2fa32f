using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop trace</c>: follows one process closely, measurement by measurement and, where the kernel allows it, page by page.</summary>
internal sealed class TraceCommand : MemSnoopCommand
{
    private static readonly NamedMeasurement[] DefaultMeasurements = NamedMeasurement.ListSyntax.Parse(new SettingText("timestamp,process-io,statm", ""));

    // From the shortest time that timers can keep to one that is longer than any trace.
    private static readonly ValueSyntax<Duration> Period = Syntax.Duration(new Duration(1), Duration.FromSeconds(86_400));
    private static readonly ValueSyntax<Duration> Length = Syntax.Duration(new Duration(1), Duration.FromSeconds(365 * 86_400));

    private static readonly ValueSyntax<TraceFormat> FormatWord =
        Syntax.Words("FORMAT", "a format", ("table", TraceFormat.Table), ("jsonl", TraceFormat.JsonLines), ("csv", TraceFormat.Csv));

    private static readonly ValueSyntax<string> FileName = new(
        "FILE", "a file", "the name of a file",
        static (string text, out string value, ref string? _) => (value = text).Length > 0 && !text.Contains('\0', StringComparison.Ordinal), static path => path);

    private readonly TextOption<int> _pid = new("--pid", "Follow this process.", Syntax.Pid);
    private readonly TextOption<Duration> _every = new("--every", "Time between samples; late ones are skipped. (default:\u00a01s)", Period);
    private readonly TextOption<int> _count = new("--count", "End after this many samples.", Syntax.Integer("N", "a number of samples", 1, int.MaxValue));
    private readonly TextOption<Duration> _for = new("--for", "End after this time, or when the process ends.", Length);
    private readonly TextOption<string> _output = new("--output", "Write to a file instead of standard output: JSON lines in .jsonl, CSV in .csv.", FileName);
    private readonly TextOption<string> _pages = new("--pages", "Record the active pages of each sample here, for memsnoop report; needs page_idle.", FileName);
    private readonly TextOption<TraceFormat> _format = new("--format", "Format: table, jsonl or csv; by default it follows from the name of the file.", FormatWord);

    private readonly TextOption<NamedMeasurement[]> _measure = new(
        "--measure",
        $"What to measure, in this order; NAME=MEASUREMENT names a column. Measurements: {string.Join(", ", NamedMeasurement.Words)}. (default:\u00a0timestamp,process-io,statm)",
        NamedMeasurement.ListSyntax);

    private readonly Option<bool> _pause = new("--pause")
    {
        Arity = ArgumentArity.Zero,
        Description = "Stop the process while it is measured. A guard lets it run again if memsnoop dies.",
    };

    public TraceCommand()
        : base(
            "trace", "Follow one process closely, sample by sample.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall || CountersSettings.All.Contains(setting)
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        foreach (Option option in (Option[])[_pid, _measure, _every, _count, _for, _pause, _output, _format, _pages])
        {
            Add(option);
        }
    }

    public override string Usage => "trace (--pid PID | -- COMMAND [ARG...]) [OPTIONS]";

    public override bool TakesChild => true;

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
    [
        ("memsnoop trace --pid 1234 --every 1s --count 60", "follow process 1234 for a minute, once a second"),
        ("memsnoop trace --pages run.pages --output run.csv -- ./my-program", "follow a program from start to end, with every page it uses"),
    ];

    public override void CheckArguments(ParseResult arguments) => _ = Read(arguments);

    public override async Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        TraceRequest request = WithCounters(Read(invocation.Arguments), invocation.Options);
        CheckTarget(request, invocation.Child);
        using TrackedProcess? known = request.Pid is int pid ? Selections.Require(pid, invocation.Host.Paths, "--pid") : null;
        CheckFree(request, known, invocation.Host.Paths);
        using TraceColumns columns = new(request, invocation.Host);
        foreach (string note in columns.Notes)
        {
            await invocation.Error.WriteLineAsync($"memsnoop: {UsageException.OneLine(note)}").ConfigureAwait(false);
        }

        using StreamWriter? file = request.Output is null ? null : new StreamWriter(Create(request.Output, "--output"));
        using FileStream? pagesFile = request.Pages is null ? null : Create(request.Pages, "--pages");

        // Ctrl-Z in the middle of a pause would leave the target stopped for as long as this process is.
        using PosixSignalRegistration? suspend = request.Pause ? PosixSignalRegistration.Create((PosixSignal)Libc.SignalTerminalStop, static signal => signal.Cancel = true) : null;

        // Last: the program is started only if everything else works.
        using SnoopedProcess process = Follow(request, known, invocation.Child, invocation.Host.Paths);
        using PageTraceWriter? pages = pagesFile is null
            ? null
            : PageTraceWriter.Create(pagesFile, Environment.SystemPageSize, process.Pid, process.Comm, TimeProvider.System.GetUtcNow());
        try
        {
            using TraceProgress progress = TraceProgress.Create(request, invocation.Error);
            await TraceAsync(request, process, columns, file ?? invocation.Output, pages, progress, stop).ConfigureAwait(false);
        }
        catch (PauseRefusedException gone)
        {
            throw new UsageException("--pause", gone.Message, "a guard that keeps running");
        }

        stop.ThrowIfCancellationRequested();
        return process.HasExited && invocation.Child.Length > 0
            ? await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false)
            : ExitCode.Success;
    }

    internal TraceRequest Read(ParseResult arguments)
    {
        bool hasOutput = _output.TryRead(arguments, out string output);
        bool hasFormat = _format.TryRead(arguments, out TraceFormat format);
        return new TraceRequest
        {
            Pid = _pid.TryRead(arguments, out int pid) ? pid : null,
            Measurements = _measure.TryRead(arguments, out NamedMeasurement[] measurements) ? measurements : DefaultMeasurements,
            Every = _every.TryRead(arguments, out Duration every) ? every.Value : TimeSpan.FromSeconds(1),
            Count = _count.TryRead(arguments, out int count) ? count : null,
            For = _for.TryRead(arguments, out Duration length) ? length.Value : null,
            Pause = arguments.GetValue(_pause),
            Output = hasOutput ? output : null,
            Format = hasFormat ? format : hasOutput ? FormatOf(output) : TraceFormat.Table,
            Pages = _pages.TryRead(arguments, out string pages) ? pages : null,
        };
    }

    private static TraceFormat FormatOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jsonl" => TraceFormat.JsonLines,
        ".csv" => TraceFormat.Csv,
        _ => throw new UsageException("--output", $"{UsageException.Quote(path)} does not tell the format", "a name that ends in .jsonl or .csv, or --format"),
    };

    // Events without measurements: the user wants to see the events.
    private static TraceRequest WithCounters(TraceRequest request, ExporterOptions options) =>
        ReferenceEquals(request.Measurements, DefaultMeasurements) && options.AreCountersEnabled
            ? request with { Measurements = [.. DefaultMeasurements, NamedMeasurement.Of(CounterMeasurement.MeasurementName)] }
            : request;

    private static void CheckTarget(TraceRequest request, string[] child)
    {
        if (request.Pid is null && child.Length == 0)
        {
            throw new UsageException("trace", "no process is named", "--pid PID, or a program to run after --");
        }

        if (request.Pid is not null && child.Length > 0)
        {
            throw new UsageException("--pid", "contradicts the program after --", "one of them");
        }
    }

    /// <summary>A trace whose windows another program takes away would be empty from start to end.</summary>
    private static void CheckFree(TraceRequest request, TrackedProcess? known, KernelPaths paths)
    {
        if (known is not null && request.Measurements.Any(static column => column.Measurement.IsWindow)
            && MeasuringLock.FindReferencedHolder(paths, known.Identity) is { } holder)
        {
            throw new UsageException("--measure", $"{holder} measures the working set of process {known} already", "a process that no other program measures, or the end of that one");
        }
    }

    private static SnoopedProcess Follow(TraceRequest request, TrackedProcess? known, string[] child, KernelPaths paths)
    {
        try
        {
            return known is not null
                ? SnoopedProcess.Attach(known, request.Pause, paths)
                : SnoopedProcess.Launch(new ProcessStartInfo(child[0], child.Skip(1)), request.Pause, paths);
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(child[0], error);
        }
        catch (PauseRefusedException refused)
        {
            throw new UsageException("--pause", refused.Message, "a process that may be stopped, or no --pause");
        }
    }

    private static async Task TraceAsync(
        TraceRequest request, SnoopedProcess process, TraceColumns columns, TextWriter output, PageTraceWriter? pages, TraceProgress progress, CancellationToken stop)
    {
        ProcessTrace trace = ProcessTrace.Of(process).Every(request.Every);
        if (request.Count is int count)
        {
            trace.Times(count);
        }

        if (request.For is TimeSpan duration)
        {
            trace.For(duration);
        }

        columns.AddTo(trace);
        TraceWriter writer = TraceWriter.Create(request.Format, columns.All);
        await foreach (TraceSample sample in trace.SamplesAsync(stop).ConfigureAwait(false))
        {
            if (pages is not null && sample.TryGet(TraceColumns.PagesColumn, out PageSample active))
            {
                pages.Write(active);
            }

            await writer.WriteAsync(output, sample).ConfigureAwait(false);
            progress.Show(sample, request.Count);
        }
    }

    private static FileStream Create(string path, string option)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(option, $"{UsageException.Quote(path)} cannot be written", "a file in a directory that exists and may be written to");
        }
    }
}
