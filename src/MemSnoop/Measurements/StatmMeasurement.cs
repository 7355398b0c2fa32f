using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>Memory that a process holds, in bytes.</summary>
/// <param name="VirtualBytes">Size of all areas.</param>
/// <param name="ResidentBytes">In physical memory.</param>
/// <param name="SharedBytes">Resident pages of files and shared memory.</param>
/// <param name="TextBytes">Size of the program's code.</param>
/// <param name="DataBytes">Size of data and stack areas.</param>
public readonly record struct MemorySample(ulong VirtualBytes, ulong ResidentBytes, ulong SharedBytes, ulong TextBytes, ulong DataBytes);

/// <summary>Reads <c>/proc/PID/statm</c>.</summary>
public sealed class StatmMeasurement(KernelUnits units) : IMeasurement<MemorySample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "statm";

    private readonly KernelBuffer _buffer = new();

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out MemorySample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        ReadOutcome outcome = process.ReadStatm(_buffer, out Statm statm);
        sample = new MemorySample(
            units.Bytes(statm.TotalPages),
            units.Bytes(statm.ResidentPages),
            units.Bytes(statm.SharedPages),
            units.Bytes(statm.TextPages),
            units.Bytes(statm.DataPages));
        return outcome;
    }
}
