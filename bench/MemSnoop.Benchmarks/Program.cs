using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using MemSnoop.Benchmarks.Counters;
using MemSnoop.Benchmarks.Engine;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// Not a benchmark of a method but of a pass over files of gigabytes, by stages.
if (args is ["engine", .. string[] rest])
{
    EngineCost.Run(rest);
    return;
}

// Nor this one: what it costs others to be counted.
if (args is ["counters", .. string[] counterArguments])
{
    CounterCost.Run(counterArguments);
    return;
}

// Logs and reports stay out of the directory it is run from, which may be the checkout: they go beside the built programs, into artifacts/benchmarks.
string reports = Path.GetFullPath("../../../benchmarks", AppContext.BaseDirectory);

// In this process: a benchmark that is built anew in a directory of its own would not find the repository's properties.
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, ManualConfig.CreateEmpty()
    .WithArtifactsPath(reports)
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddExporter(MarkdownExporter.GitHub)
    .AddLogger(ConsoleLogger.Default));
