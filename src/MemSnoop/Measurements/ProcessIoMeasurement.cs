using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>IO of a process since it started.</summary>
/// <param name="ReadCharacters">Bytes returned by read calls, from any file.</param>
/// <param name="WrittenCharacters">Bytes passed to write calls.</param>
/// <param name="ReadCalls">Read system calls.</param>
/// <param name="WriteCalls">Write system calls.</param>
/// <param name="StorageReadBytes">Bytes fetched from storage.</param>
/// <param name="StorageWrittenBytes">Bytes that were or will be written to storage.</param>
/// <param name="CancelledBytes">Bytes that were counted as written and never had to be, because the file was truncated.</param>
public readonly record struct IoSample(
    ulong ReadCharacters,
    ulong WrittenCharacters,
    ulong ReadCalls,
    ulong WriteCalls,
    ulong StorageReadBytes,
    ulong StorageWrittenBytes,
    ulong CancelledBytes);

/// <summary>Reads <c>/proc/PID/io</c>, which only a process with the right to trace the target may read.</summary>
public sealed class ProcessIoMeasurement : IMeasurement<IoSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "process-io";

    private readonly KernelBuffer _buffer = new();

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out IoSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        ReadOutcome outcome = process.ReadIo(_buffer, out ProcessIo io);
        sample = new IoSample(
            io.ReadCharacters, io.WriteCharacters, io.ReadSyscalls, io.WriteSyscalls, io.ReadBytes, io.WriteBytes, io.CancelledWriteBytes);
        return outcome;
    }
}
