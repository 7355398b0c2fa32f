namespace MemSnoop.KernelTests;

/// <summary>
/// One boot of the lab, shared by the tests of all classes that take it as their class fixture: derive from it and name the scenarios.
/// </summary>
public abstract class LabBoot(KernelLab lab) : IAsyncLifetime
{
    private BootResult _result;

    /// <summary>The scenarios to run in this boot, in order: names of files in tests/kernel/scenarios without their ending.</summary>
    protected abstract IReadOnlyList<string> Scenarios { get; }

    /// <summary>Further arguments of <c>boot.sh</c>: <c>--memory</c>, <c>--append</c>, <c>--disk</c>, ...</summary>
    protected virtual IReadOnlyList<string> Arguments => [];

    /// <summary>How long the guest may take for everything.</summary>
    protected virtual TimeSpan Deadline => TimeSpan.FromMinutes(5);

    /// <summary>What runs, if that is not what <see cref="KernelLab"/> has made.</summary>
    private protected virtual LabMachine? Machine => null;

    /// <summary>For a boot that needs another one first.</summary>
    private protected KernelLab Lab => lab;

    /// <summary>Makes what this boot needs beside what <see cref="KernelLab"/> has made.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>What a scenario left behind.</summary>
    /// <exception cref="LabException">The scenario failed, or the guest ended before it did.</exception>
    public ScenarioResult this[string scenario]
    {
        get
        {
            ScenarioResult result = new(Path.Combine(_result.Directory, scenario));
            return result.Status switch
            {
                0 => result,
                int status => throw new LabException($"Scenario {scenario} ended with {status}:\n{result.Output}"),
                null => throw new LabException($"Scenario {scenario} did not come to its end. {_result.Failure}"),
            };
        }
    }

    public async ValueTask InitializeAsync()
    {
        await PrepareAsync();
        _result = await lab.BootAsync(GetType().Name, Scenarios, Machine, Arguments, Deadline);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
