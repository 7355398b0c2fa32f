using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>How near a process is to being killed when memory runs out.</summary>
/// <param name="Score">The higher, the sooner; see <see cref="OomScore"/>.</param>
/// <param name="Adjustment">What its owner or root added; see <see cref="OomScoreAdjustment"/>.</param>
public readonly record struct OomSample(uint Score, int Adjustment);

/// <summary>
/// Reads <c>/proc/PID/oom_score</c> and <c>/proc/PID/oom_score_adj</c>, which need no rights. The score is worked out when it
/// is read, so that neither file is worth a handle that is kept open.
/// </summary>
public sealed class OomMeasurement : IMeasurement<OomSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "oom";

    private readonly KernelBuffer _buffer = new(64);

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out OomSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        sample = default;
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = directory.Read("oom_score"u8, _buffer, OomScore.TryParse, out OomScore score);
        OomScoreAdjustment adjustment = default;
        if (outcome == ReadOutcome.Success)
        {
            outcome = directory.Read("oom_score_adj"u8, _buffer, OomScoreAdjustment.TryParse, out adjustment);
        }

        process.Leave(directory);
        sample = new OomSample(score.Points, adjustment.Points);
        return outcome;
    }
}
