using System.Runtime.CompilerServices;
using System.Text;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>What tells processes of one name apart.</summary>
/// <param name="Executable">The path of the program file, as the process's own mounts have it.</param>
/// <param name="UserId">The real user id.</param>
public readonly record struct InfoSample(string Executable, uint UserId);

/// <summary>
/// Reads the link <c>/proc/PID/exe</c> (<c>proc_pid_exe(5)</c>), which needs the right to trace the process, and the real user id of <c>/proc/PID/status</c>. A file that was
/// deleted or replaced since has its former path.
/// </summary>
public sealed class InfoMeasurement : IMeasurement<InfoSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "info";

    /// <summary>The longest path that the kernel tells (PATH_MAX).</summary>
    private const int LongestPath = 4096;

    private readonly KernelBuffer _buffer = new();
    private readonly byte[] _link = new byte[LongestPath];

    // Most processes never exec again: a path is made a string once.
    private readonly ConditionalWeakTable<TrackedProcess, KnownPath> _known = new();

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out InfoSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        sample = default;
        ReadOutcome outcome = process.ReadStatus(_buffer, out Status status);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = directory.ReadLink("exe"u8, _link, out ReadOnlySpan<byte> target);
        process.Leave(directory);
        if (outcome == ReadOutcome.Success)
        {
            sample = new InfoSample(PathOf(process, target), status.RealUserId);
        }

        return outcome;
    }

    private string PathOf(TrackedProcess process, ReadOnlySpan<byte> target)
    {
        target = target.EndsWith(" (deleted)"u8) ? target[..^10] : target;
        KnownPath known = _known.GetValue(process, static _ => new KnownPath());
        if (!target.SequenceEqual(known.Bytes))
        {
            known.Bytes = target.ToArray();
            known.Text = Encoding.UTF8.GetString(target);
        }

        return known.Text;
    }

    private sealed class KnownPath
    {
        public byte[] Bytes { get; set; } = [];

        public string Text { get; set; } = "";
    }
}
