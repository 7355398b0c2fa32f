using MemSnoop.Metrics.Configuration;
using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>Measures the working set of one process over one window and prints it.</summary>
internal static class WssAction
{
    private const double MiB = 1 << 20;

    internal static async Task<int> RunAsync(ExporterOptions options, int pid, TimeSpan window, TextWriter output, CancellationToken stop)
    {
        KernelPaths paths = new(options.Kernel.ProcFs, options.Kernel.SysFs);
        using TrackedProcess process = Selections.Require(pid, paths, "PID");
        string method = WorkingSetChoice.Choose(options.WorkingSet.Method, paths)
            ?? throw new UsageException("wss", "no method works here", "a kernel that memsnoop check finds fit");

        TimeProvider clock = TimeProvider.System;
        using IWorkingSetEstimator estimator = WorkingSetMethods.Create(method, paths, WorkingSetChoice.Settings(options.WorkingSet), clock);
        OneProcess sink = new();
        estimator.Pass([process], 0, sink);
        sink.Require(process, options.WorkingSet);
        await Task.Delay(window, clock, stop).ConfigureAwait(false);
        estimator.Pass([process], 0, sink);
        sink.Require(process, options.WorkingSet);
        WorkingSetSample sample = sink.Sample ?? throw new UsageException("PID", $"process {process} ended before its window did", "a process that lives longer");

        // After the window, not in it: the walk over the page tables would hold up the target.
        ReadOutcome outcome = new SmapsMeasurement().Measure(process, out MappingSample memory);
        sink.Skipped(process, outcome);
        sink.Require(process, options.WorkingSet);

        await output.WriteLineAsync("Est(s)  RSS(MB)  PSS(MB)  Ref(MB)  Method").ConfigureAwait(false);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{sample.Window.TotalSeconds,6:F3}  {memory.ResidentBytes / MiB,7:F2}  {memory.ProportionalBytes / MiB,7:F2}  {sample.TotalBytes / MiB,7:F2}  {method}")).ConfigureAwait(false);
        return ExitCode.Success;
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
                    ReadOutcome.ProcessGone => new UsageException("PID", $"process {process} ended before its window did", "a process that lives longer"),
                    ReadOutcome.Denied => new UsageException("PID", $"the kernel does not let this user read process {process}", "root, or a process of this user"),
                    ReadOutcome.TooLarge => new UsageException(
                        "PID",
                        $"process {process} holds more than {options.ReferencedMaxResident}, and the referenced method would stall it",
                        "a smaller process, or a larger --referenced-max-resident"),
                    _ => new UsageException("PID", $"process {process} cannot be measured ({_outcome.ToReason()})", "what memsnoop check lists as working"),
                };
            }
        }
    }
}
