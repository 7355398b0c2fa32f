using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Sampling;

/// <summary>The host that is measured, and the options by which: what every measurement can be made of. One for a command.</summary>
/// <param name="options">What is measured and how.</param>
/// <param name="paths">Where the kernel's files are.</param>
/// <param name="budget">Shares out the file handles of this process; there is one.</param>
internal sealed class MeasuredHost(MemSnoopOptions options, KernelPaths paths, HandleBudget budget)
{
    /// <param name="options">What is measured and how; they say too where the kernel's files are.</param>
    internal MeasuredHost(MemSnoopOptions options)
        : this(options, new KernelPaths(options.Kernel.ProcFs, options.Kernel.SysFs, options.Kernel.RunDir), HandleBudget.Shared)
    {
    }

    internal MemSnoopOptions Options { get; } = options;

    internal KernelPaths Paths { get; } = paths;

    internal HandleBudget Budget { get; } = budget;

    internal KernelUnits Units { get; } = KernelUnits.Current;

    /// <summary>
    /// Whether an application embeds the measuring. It runs on where a method that its options name does not work here; the program refuses to start then.
    /// </summary>
    internal bool IsEmbedded { get; init; }

    /// <summary>Boot time and uptime of the host.</summary>
    internal SystemClock SystemClock => field ??= new SystemClock(Paths);
}
