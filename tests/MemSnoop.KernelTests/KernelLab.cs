using System.Collections.Concurrent;
using System.Diagnostics;
using MemSnoop.KernelTests;

[assembly: AssemblyFixture(typeof(KernelLab))]

namespace MemSnoop.KernelTests;

/// <summary>
/// What every boot needs, built once a run: the kernel (or the one kept from an earlier run), the workloads and the yardstick; and the exporter, which <c>make native</c> has built.
/// A part that cannot be built fails every test of this layer with the reason; nothing is skipped.
/// </summary>
public sealed class KernelLab : IAsyncLifetime, IDisposable
{
    /// <summary>The variable that names another series of kernels to boot.</summary>
    internal const string SeriesVariable = "MEMSNOOP_LAB_KERNEL";

    /// <summary>The series of kernels that are booted.</summary>
    internal static string Series { get; } = Environment.GetEnvironmentVariable(SeriesVariable) ?? "6.12";

    // A fresh machine builds the kernel: minutes on two processors, and CI's may be slower.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(40);

    private readonly SemaphoreSlim _oneBootAtATime = new(1);

    // Lazy: two classes that ask at the same moment must not boot twice, and the second boot would clear away the results of the first.
    private readonly ConcurrentDictionary<string, Lazy<Task<BootResult>>> _boots = [];

    /// <summary>The kernel's image.</summary>
    public string Kernel { get; private set; } = "";

    /// <summary>How long compiling and (where it was not kept) the kernel's build took together.</summary>
    public TimeSpan Preparation { get; private set; }

    internal static string Scripts { get; } = Path.Combine(Checkout.Root, "tests", "kernel");

    internal static string Output { get; } = Path.Combine(Checkout.Root, "artifacts", "lab");

    private static string Programs { get; } = Path.Combine(Output, "programs");

    internal static string App { get; } = Path.Combine(Checkout.Root, "artifacts", "native", "memsnoop");

    public async ValueTask InitializeAsync()
    {
        long started = Stopwatch.GetTimestamp();
        Task<string> kernel = Command.RunAsync(
            Path.Combine(Scripts, "build-kernel.sh"), [Series], BuildDeadline);
        await Workloads.BuildAsync(Programs);
        foreach (string yardstick in (string[])["floor", "floor-scrape", "limit"])
        {
            await Command.RunAsync("make", ["-s", "-C", Path.Combine(Checkout.Root, "bench", yardstick), $"OUT={Programs}"], BuildDeadline);
        }

        Assert.True(File.Exists(App), $"{App} is missing: make native builds it.");
        Kernel = (await kernel).Trim();
        Preparation = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>
    /// Boots and runs the scenarios in order; whoever asks for a boot of this name again gets the results of that one.
    /// <paramref name="arguments"/> are further ones of <c>boot.sh</c>.
    /// </summary>
    /// <returns>Where the scenarios' results are, and what the boot said if it failed.</returns>
    internal Task<BootResult> BootAsync(string name, IReadOnlyList<string> scenarios, LabMachine? machine, IReadOnlyList<string> arguments, TimeSpan deadline) =>
        _boots.GetOrAdd(name, _ => new Lazy<Task<BootResult>>(() => BootOnceAsync(name, scenarios, machine ?? new LabMachine(Kernel, App, Programs), arguments, deadline))).Value;

    private async Task<BootResult> BootOnceAsync(string name, IReadOnlyList<string> scenarios, LabMachine machine, IReadOnlyList<string> arguments, TimeSpan deadline)
    {
        string results = Path.Combine(Output, name);
        List<string> command =
        [
            "--results", results,
            "--app", machine.App,
            "--programs", machine.Programs,
            "--kernel", machine.Kernel,
            "--deadline", ((int)deadline.TotalSeconds).ToString(),
            .. arguments,
            .. scenarios.Select(scenario => Path.Combine(Scripts, "scenarios", scenario + ".sh")),
        ];

        // The emulator takes a processor for each of the guest's, and other tests run beside it.
        await _oneBootAtATime.WaitAsync();
        try
        {
            // The script keeps the deadline; the margin is for packing the guest's root.
            CommandResult result = await Command.TryRunAsync(Path.Combine(Scripts, "boot.sh"), command, deadline + TimeSpan.FromMinutes(1));
            return new BootResult(results, result.ExitCode == 0 ? null : result.Error);
        }
        finally
        {
            _oneBootAtATime.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _oneBootAtATime.Dispose();
}

/// <summary>What runs on the emulated machine.</summary>
/// <param name="Kernel">The kernel's image.</param>
/// <param name="App">The exporter.</param>
/// <param name="Programs">The directory of the workloads.</param>
internal sealed record LabMachine(string Kernel, string App, string Programs);

/// <summary>The directory with one folder a scenario, and the boot's own report if anything in it failed.</summary>
internal readonly record struct BootResult(string Directory, string? Failure);
