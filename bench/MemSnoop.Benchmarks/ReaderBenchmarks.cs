using BenchmarkDotNet.Attributes;
using MemSnoop.ProcFs;

namespace MemSnoop.Benchmarks;

/// <summary>
/// What does parsing add to what the kernel takes to print a file? Texts as a kernel printed them, held in memory.
/// </summary>
/// <remarks>
/// The kernel takes 1 to 11 µs to print these files: parsing adds 1 to 3 %.
/// Linux 6.18, 2 cores of an AMD EPYC that others used too, .NET 10, short run:
/// <code>
/// | Method        | Mean      | Error      | StdDev   | Allocated |
/// |-------------- |----------:|-----------:|---------:|----------:|
/// | StatFile      | 168.88 ns | 138.227 ns | 7.577 ns |         - |
/// | StatmFile     |  18.54 ns |  13.435 ns | 0.736 ns |         - |
/// | IoFile        |  55.30 ns |  17.765 ns | 0.974 ns |         - |
/// | StatusFile    | 357.90 ns | 134.344 ns | 7.364 ns |         - |
/// | SchedStatFile |  10.93 ns |   7.202 ns | 0.395 ns |         - |
/// </code>
/// </remarks>
public class ReaderBenchmarks
{
    private static readonly byte[] StatText = Read("stat");
    private static readonly byte[] StatmText = Read("statm");
    private static readonly byte[] IoText = Read("io");
    private static readonly byte[] StatusText = Read("status");
    private static readonly byte[] SchedStatText = "38497 991589 12\n"u8.ToArray();

    [Benchmark]
    public bool StatFile() => Stat.TryParse(StatText, out _);

    [Benchmark]
    public bool StatmFile() => Statm.TryParse(StatmText, out _);

    [Benchmark]
    public bool IoFile() => ProcessIo.TryParse(IoText, out _);

    [Benchmark]
    public bool StatusFile() => Status.TryParse(StatusText, out _);

    [Benchmark]
    public bool SchedStatFile() => SchedStat.TryParse(SchedStatText, out _);

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "proc", "26231", name));
}
