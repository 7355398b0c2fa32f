using System.Text.Json;
using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Counters.PerfEvents;

/// <summary>The workload <c>events</c>, and beside it what the provider counts of it.</summary>
internal sealed class CountedWorkload : IDisposable
{
    private readonly ICounterProvider _provider;
    private readonly CounterEvent[] _events;
    private readonly CounterValue[] _values;
    private IProcessCounters? _counters;

    private CountedWorkload(Workload child, ICounterProvider provider, HandleBudget budget, string[] events)
    {
        Child = child;
        Budget = budget;
        _provider = provider;
        _events = [.. events.Select(name => _provider.Find(name)!)];
        _values = new CounterValue[events.Length];
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), child.Pid, out TrackedProcess? process));
        Process = process!;
    }

    public Workload Child { get; }

    public HandleBudget Budget { get; }

    public TrackedProcess Process { get; }

    /// <summary>What the child said before what is to be compared.</summary>
    public JsonElement Before { get; private set; }

    /// <summary>Starts the workload; counting begins with <see cref="Attach"/>.</summary>
    public static Task<CountedWorkload> StartAsync(HandleBudget budget, string[] events, params IEnumerable<string> arguments) =>
        StartAsync(new PerfEventProvider(new KernelPaths(), budget), budget, events, arguments);

    /// <summary>The same, counted by another provider, which takes its descriptors from the budget.</summary>
    public static async Task<CountedWorkload> StartAsync(ICounterProvider provider, HandleBudget budget, string[] events, params IEnumerable<string> arguments)
    {
        Workload child = await Workload.StartAsync("events", arguments);

        // The way from one answer to the next order takes page faults, once.
        await child.TellAsync("usage");
        return new CountedWorkload(child, provider, budget, events);
    }

    /// <summary>Starts the workload and begins to count, while it waits for a line.</summary>
    public static async Task<CountedWorkload> AttachAsync(params string[] events)
    {
        CountedWorkload counted = await StartAsync(new HandleBudget(1000), events);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        return counted;
    }

    public ReadOutcome Attach()
    {
        Begin();
        return _provider.Open(Process, _events, out _counters);
    }

    /// <summary>What was taken from processors since <see cref="Before"/>.</summary>
    public StolenTime Stolen { get; private set; } = new();

    /// <summary>Compares from the child's last answer on.</summary>
    public void Begin() => (Before, Stolen) = (Child.Said, new StolenTime());

    public ReadOutcome Read() => _counters!.Read(_values);

    /// <summary>The count of the event at an index, read anew.</summary>
    public ulong Count(int index = 0)
    {
        Assert.Equal(ReadOutcome.Success, Read());
        return _values[index].Count;
    }

    public double? RunningRatio(int index) => _values[index].RunningRatio;

    /// <summary>How much more the kernel has counted for the child, by its own last answer, than <see cref="Before"/>.</summary>
    public ulong Truth(params string[] names) =>
        (ulong)names.Sum(name => Child.Said.GetProperty(name).GetInt64() - Before.GetProperty(name).GetInt64());

    public void Detach()
    {
        _counters?.Dispose();
        _counters = null;
    }

    public void Dispose()
    {
        Detach();
        Process.Dispose();
        _provider.Dispose();
        Child.Dispose();
    }
}
