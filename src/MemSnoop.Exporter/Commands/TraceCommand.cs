using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Hosting;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop trace</c>: follows one process closely, measurement by measurement and, where the kernel allows it, page by page.</summary>
internal sealed class TraceCommand : MemSnoopCommand
{
    private static readonly NamedMeasurement[] DefaultMeasurements = NamedMeasurement.ListSyntax.Parse(new SettingText("timestamp,process-io,statm", ""));

    // What people ask first, where a terminal shows it.
    private static readonly NamedMeasurement[] Overview =
        [NamedMeasurement.Of(StatmMeasurement.MeasurementName), NamedMeasurement.Of(WorkingSetMeasurement.MeasurementName), NamedMeasurement.Of(StatMeasurement.MeasurementName)];

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
        $"What to measure, in this order; NAME=MEASUREMENT names a column. Measurements: {string.Join(", ", NamedMeasurement.Words)}. (default:\u00a0timestamp,process-io,statm; on a terminal resident, used and idle memory and CPU)",
        NamedMeasurement.ListSyntax);

    private readonly Option<bool> _force = new("--force") { Arity = ArgumentArity.Zero, Description = "Overwrite the files of --output and --pages if they exist." };

    private readonly Option<bool> _pause = new("--pause")
    {
        Arity = ArgumentArity.Zero,
        Description = "Stop the process while it is measured. A guard lets it run again if memsnoop dies.",
    };

    public TraceCommand()
        : base(
            "trace", "Follow one process closely, sample by sample.",
            setting => setting == WorkingSetSettings.Method || setting == WorkingSetSettings.ReferencedMaxResident || setting == WorkingSetSettings.MaxStall || setting == WorkingSetSettings.DamonSamples || CountersSettings.All.Contains(setting)
                || WorkingSetSettings.Areas.Contains(setting) || KernelSettings.All.Contains(setting))
    {
        foreach (Option option in (Option[])[_pid, _measure, _every, _count, _for, _pause, _output, _format, _pages, _force])
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
        TraceRequest request = WithCounters(Read(invocation.Arguments, invocation.Screen), invocation.Options);
        CheckTarget(request, invocation.Child);
        using TrackedProcess? known = request.Pid is int pid ? Selections.Require(pid, invocation.Host.Paths, "--pid") : null;
        request = await FindFreeAsync(request, known, invocation).ConfigureAwait(false);
        using TraceColumns columns = new(request, invocation.Host);
        foreach (string note in columns.Notes)
        {
            await invocation.Error.WriteLineAsync($"memsnoop: {UsageException.OneLine(note)}").ConfigureAwait(false);
        }

        using StreamWriter? file = request.Output is null ? null : new StreamWriter(Create(request.Output, "--output", request.Force));
        using FileStream? pagesFile = request.Pages is null ? null : Create(request.Pages, "--pages", request.Force);

        // Ctrl-Z in the middle of a pause would leave the target stopped for as long as this process is.
        using PosixSignalRegistration? suspend = request.Pause ? PosixSignalRegistration.Create((PosixSignal)Libc.SignalTerminalStop, static signal => signal.Cancel = true) : null;

        // Last: the program is started only if everything else works.
        using SnoopedProcess process = Follow(request, known, invocation.Child, invocation.Host.Paths);
        using PageTraceWriter? pages = pagesFile is null
            ? null
            : PageTraceWriter.Create(pagesFile, Environment.SystemPageSize, process.Pid, process.Comm, TimeProvider.System.GetUtcNow());
        using OutputReader reader = file is null ? OutputReader.Watch(invocation.Output, stop) : OutputReader.None(stop);
        TraceOutcomes outcomes = new([.. request.Measurements.Where(static column => column.Measurement.Name != TimestampMeasurement.MeasurementName).Select(static column => column.Name)], invocation.Error);
        try
        {
            await TraceAsync(request, process, columns, file, pages, outcomes, invocation, reader.Stop).ConfigureAwait(false);
        }
        catch (PauseRefusedException gone)
        {
            throw new UsageException("--pause", gone.Message, "a guard that keeps running");
        }

        stop.ThrowIfCancellationRequested();
        return reader.HasGone ? ExitCode.Success
            : outcomes.AreEmpty ? ExitCode.Failure
            : process.HasExited && invocation.Child.Length > 0
                ? await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false)
            : ExitCode.Success;
    }

    internal TraceRequest Read(ParseResult arguments, Screen? screen = null)
    {
        bool hasOutput = _output.TryRead(arguments, out string output);
        bool hasFormat = _format.TryRead(arguments, out TraceFormat format);
        bool hasMeasurements = _measure.TryRead(arguments, out NamedMeasurement[] measurements);
        bool isOverview = !hasMeasurements && !hasOutput && (!hasFormat || format == TraceFormat.Table) && screen is { Shows: true };
        return new TraceRequest
        {
            IsOverview = isOverview,
            Force = arguments.GetValue(_force),
            Pid = _pid.TryRead(arguments, out int pid) ? pid : null,
            Measurements = hasMeasurements ? measurements : isOverview ? Overview : DefaultMeasurements,
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
        (request.IsOverview || ReferenceEquals(request.Measurements, DefaultMeasurements)) && options.AreCountersEnabled
            ? request with { Measurements = [.. request.Measurements, NamedMeasurement.Of(CounterMeasurement.MeasurementName)] }
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

    /// <summary>Who has not asked for the working set goes on without it where it cannot be had, and is told why.</summary>
    private static async Task<TraceRequest> FindFreeAsync(TraceRequest request, TrackedProcess? known, Invocation invocation)
    {
        if (!request.IsOverview)
        {
            CheckFree(request, known, invocation.Host.Paths);
            return request;
        }

        try
        {
            CheckFree(request, known, invocation.Host.Paths);
            WorkingSetDescriptor.CheckColumn(invocation.Host);
            return request;
        }
        catch (UsageException reason)
        {
            await invocation.Error.WriteLineAsync($"memsnoop: what is used is not shown: {reason.Problem}").ConfigureAwait(false);
            return request with { Measurements = [.. request.Measurements.Where(static column => !column.Measurement.IsWindow)] };
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
        TraceRequest request, SnoopedProcess process, TraceColumns columns, StreamWriter? file, PageTraceWriter? pages, TraceOutcomes outcomes, Invocation invocation, CancellationToken stop)
    {
        TextWriter output = file ?? invocation.Output;
        bool showsSamples = file is null && invocation.Screen.Shows;
        using ProgressLine progress = new(invocation.Screen.Tells && !showsSamples ? invocation.Error : null, invocation.Screen);
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
        TraceWriter writer = TraceWriter.Create(request, columns.All, showsSamples ? invocation.Screen : null, invocation.Error);
        await foreach (TraceSample sample in trace.SamplesAsync(stop).ConfigureAwait(false))
        {
            if (pages is not null && sample.TryGet(TraceColumns.PagesColumn, out PageSample active))
            {
                pages.Write(active);
            }

            await writer.WriteAsync(output, sample).ConfigureAwait(false);
            outcomes.Look(sample);
            string of = request.Count is int all ? $" of {all}" : "";
            progress.Show(string.Create(CultureInfo.InvariantCulture, $"{sample.Index + 1}{of} samples in {sample.Offset.TotalSeconds:F1} s"));
        }
    }

    private static FileStream Create(string path, string option, bool force)
    {
        try
        {
            // An empty file, a pipe or a device has nothing to lose.
            if (!force && new FileInfo(path) is { Exists: true, Length: > 0 })
            {
                throw new UsageException(option, $"{UsageException.Quote(path)} exists already", "the name of a new file, or --force to overwrite this one");
            }

            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(option, $"{UsageException.Quote(path)} cannot be written", "a file in a directory that exists and may be written to");
        }
    }
}
