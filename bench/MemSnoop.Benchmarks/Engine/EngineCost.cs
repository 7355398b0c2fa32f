using System.Diagnostics;
using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Benchmarks.Engine;

/// <summary>
/// What does a pass cost apart from the kernel's work on pages? Plain files have no reverse maps to walk, so what is left
/// beside the calls that copy the same bytes is the program's own share. Nanoseconds a page, median of the passes.
/// </summary>
internal static class EngineCost
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private const int Passes = 7;

    /// <summary>Arguments: a directory for the files (default: /dev/shm), then sizes in GiB (default: 1 8 64).</summary>
    internal static void Run(string[] args)
    {
        string directory = args.Length > 0 ? args[0] : "/dev/shm";
        int[] sizes = args.Length > 1 ? [.. args.Skip(1).Select(static size => int.Parse(size, CultureInfo.InvariantCulture))] : [1, 8, 64];
        Console.WriteLine("| layout | GiB | processes | read | ages | walk | adopt | pass | same bytes, pread and pwrite | own share | state B/page | garbage B/pass |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (Layout layout in Enum.GetValues<Layout>())
        {
            foreach (int size in sizes)
            {
                foreach (int processes in new[] { 1, 8 })
                {
                    Console.WriteLine(Measure(directory, layout, size, processes));
                }
            }
        }
    }

    private static string Measure(string directory, Layout layout, int size, int processes)
    {
        long frames = (long)size << 18;
        using EngineHost host = new(directory, layout, frames, processes);
        using PageIdleEstimator estimator = PageIdleEstimator.Open(host.Paths, new EstimatorOptions(), TimeProvider.System);
        Sink sink = new();
        double[][] stages = [[], [], [], [], []];
        long garbage = 0;
        long start = Stopwatch.GetTimestamp();
        for (int warm = 0; warm < 3 || Stopwatch.GetElapsedTime(start) < WarmUp; warm++)
        {
            host.Use();
            estimator.Pass(host.Processes, 0, sink);
        }

        double[] pass = new double[Passes];
        double[] plain = new double[Passes];
        for (int i = 0; i < Passes; i++)
        {
            host.Use();
            sink.ActivePages = 0;
            long before = GC.GetAllocatedBytesForCurrentThread();
            long began = Stopwatch.GetTimestamp();
            estimator.Pass(host.Processes, 0, sink);
            pass[i] = Stopwatch.GetElapsedTime(began).TotalNanoseconds / frames;
            garbage = GC.GetAllocatedBytesForCurrentThread() - before;
            plain[i] = PlainCalls.Run(host) / frames;
            if (sink.ActivePages != host.ExpectedActive)
            {
                throw new InvalidOperationException($"{sink.ActivePages} pages are active instead of {host.ExpectedActive}");
            }
        }

        StagedPass staged = new(host);
        for (int i = 0; i < Passes + 3; i++)
        {
            host.Use();
            staged.Run();
        }

        staged.Dispose();
        double whole = Median(pass);
        double calls = Median(plain);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {layout} | {size} | {processes} | {staged.Words / frames:F2} | {staged.Ages / frames:F2} | {staged.Walk / frames:F2} | {staged.Adopt / frames:F2} | {whole:F2} | {calls:F2} | {whole - calls:F2} | {estimator.StateBytes / (double)frames:F2} | {garbage} |");
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private sealed class Sink : IWorkingSetSink
    {
        internal long ActivePages { get; set; }

        public void Completed(TrackedProcess process, in WorkingSetSample sample) => ActivePages += (long)sample.TotalBytes / 4096;

        public void Skipped(TrackedProcess process, ReadOutcome reason) => throw new InvalidOperationException(reason.ToReason());
    }
}
