using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>Open file descriptors of a process.</summary>
/// <param name="Count">How many.</param>
public readonly record struct OpenFilesSample(ulong Count);

/// <summary>Reads the size of <c>/proc/PID/fd</c>, which is the number of its entries since Linux 6.2; lists the directory on older kernels.</summary>
public sealed class OpenFilesMeasurement : IMeasurement<OpenFilesSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "open-files";

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out OpenFilesSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        sample = default;
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = directory.CountOpenFiles(out ulong count);
        process.Leave(directory);
        sample = new OpenFilesSample(count);
        return outcome;
    }
}
