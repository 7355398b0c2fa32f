using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Configuration;
using System.ComponentModel;
using System.Runtime.InteropServices;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>Follows one process and writes what is measured, sample by sample.</summary>
internal static class TraceAction
{
    internal static async Task<int> RunAsync(TraceRequest request, Invocation invocation, CancellationToken stop)
    {
        MeasuredHost host = new(invocation.Options);
        using TrackedProcess? known = request.Pid is int pid ? Selections.Require(pid, host.Paths, "--pid") : null;
        using TraceColumns columns = new(request, host);
        foreach (string note in columns.Notes)
        {
            await invocation.Error.WriteLineAsync($"memsnoop: {UsageException.OneLine(note)}").ConfigureAwait(false);
        }

        using StreamWriter? file = request.Output is null ? null : new StreamWriter(Create(request.Output, "--output"));
        using FileStream? pagesFile = request.Pages is null ? null : Create(request.Pages, "--pages");

        // A terminal's Ctrl-Z in the middle of a pause would leave the process stopped for as long as we are.
        using PosixSignalRegistration? suspend = request.Pause ? PosixSignalRegistration.Create((PosixSignal)Libc.SignalTerminalStop, static signal => signal.Cancel = true) : null;

        // Last: a program is started only when all that it is started for can be done.
        using SnoopedProcess process = Follow(request, known, invocation.Child, host.Paths);
        using PageTraceWriter? pages = pagesFile is null
            ? null
            : PageTraceWriter.Create(pagesFile, Environment.SystemPageSize, process.Pid, process.Comm, TimeProvider.System.GetUtcNow());
        try
        {
            await TraceAsync(request, process, columns, file ?? invocation.Output, pages, TraceProgress.Create(request, invocation.Error), stop).ConfigureAwait(false);
        }
        catch (PauseRefusedException gone)
        {
            throw new UsageException("--pause", gone.Message, "a guard that is left alone");
        }

        stop.ThrowIfCancellationRequested();
        return process.HasExited && invocation.Child.Length > 0
            ? await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false)
            : ExitCode.Success;
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
        using (progress)
        {
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
    }

    private static SnoopedProcess Follow(TraceRequest request, TrackedProcess? known, string[] child, KernelPaths paths)
    {
        try
        {
            return known is not null
                ? SnoopedProcess.Attach(known, request.Pause, paths)
                : SnoopedProcess.Launch(new System.Diagnostics.ProcessStartInfo(child[0], child.Skip(1)), request.Pause, paths);
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(child[0], error.NativeErrorCode == Libc.ErrorNoEntry);
        }
        catch (PauseRefusedException refused)
        {
            throw new UsageException("--pause", refused.Message, "a process that may be stopped for a moment, or no --pause");
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
