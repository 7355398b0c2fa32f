using BenchmarkDotNet.Attributes;
using MemSnoop.Analysis;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Benchmarks;

/// <summary>
/// Is a trace of 1,000 samples and 250,000 pages (1 GB) analysed while one waits, and how large is it? Once as programs are, in runs: half of the pages, moving on
/// by 1 % a sample, and 0.1 % of all pages scattered; once as bad as it gets: every page active or not by chance, so that ranges gain nothing.
/// </summary>
public class TraceBenchmarks
{
    private const int Samples = 1000;
    private const int Pages = 250_000;
    private const ulong FirstPage = 0x7f0000000;

    private PageTrace _trace = null!;
    private byte[] _file = null!;

    /// <summary>Whether pages are active by chance, each one.</summary>
    [Params(false, true)]
    public bool Random { get; set; }

    [GlobalSetup]
    public void Record()
    {
        Random random = new(1);
        PageRangeSet.Builder builder = new();
        TracedArea[] areas = [new TracedArea(FirstPage * 4096, (FirstPage + Pages) * 4096, AreaPermissions.Read | AreaPermissions.Write, "")];
        PageSample[] samples = new PageSample[Samples];
        bool[] active = new bool[Pages];
        for (int sample = 0; sample < Samples; sample++)
        {
            Array.Clear(active);
            if (Random)
            {
                for (int page = 0; page < Pages; page++)
                {
                    active[page] = (random.Next() & 1) != 0;
                }
            }
            else
            {
                active.AsSpan(sample % 50 * (Pages / 100), Pages / 2).Fill(true);
                for (int scattered = 0; scattered < Pages / 1000; scattered++)
                {
                    active[random.Next(Pages)] = true;
                }
            }

            builder.Clear();
            for (int page = 0; page < Pages; page++)
            {
                builder.Add(FirstPage + (ulong)page, active[page] ? 1UL : 0);
            }

            samples[sample] = new PageSample(TimeSpan.FromSeconds(sample + 1), TimeSpan.FromSeconds(1), areas, builder.Build());
        }

        _trace = new PageTrace(4096, 1, "benchmark", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), samples);
        _file = Write();
        Console.WriteLine($"{_file.Length / (double)Samples:F0} bytes a sample");
    }

    [Benchmark]
    public long Save() => Write().Length;

    [Benchmark]
    public int Load()
    {
        using MemoryStream stream = new(_file);
        return PageTraceFile.Load(stream, out _).Samples.Count;
    }

    [Benchmark]
    public ulong Reuse() => ReuseDistance.Of(_trace).ColdMisses;

    [Benchmark]
    public int Curve() => WorkingSetCurve.Of(_trace).Count;

    [Benchmark]
    public int Map() => HeatMap.Of(_trace).Rows;

    private byte[] Write()
    {
        using MemoryStream stream = new();
        using (PageTraceWriter writer = PageTraceWriter.Create(stream, _trace.PageBytes, _trace.Pid, _trace.Comm, _trace.Start))
        {
            foreach (PageSample sample in _trace.Samples)
            {
                writer.Write(sample);
            }
        }

        return stream.ToArray();
    }
}
