using MemSnoop.Kernel;
using MemSnoop.WorkingSets.Generations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>The memory of control groups by the age of its generations, read when a collection needs it and the last reading is too old.</summary>
/// <param name="generations">Reads it.</param>
/// <param name="ager">Has the groups aged; null if nobody has asked for it.</param>
/// <param name="schedule">Says when to read.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class SampledGenerations(HostGenerations generations, GenerationAger? ager, ReadingSchedule schedule, TimeProvider clock, ILogger logger)
    : SampledMeasurement(HostGenerations.MeasurementName)
{
    private readonly double _began = clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000d;
    private ProbeResult _support = generations.Support;

    /// <summary>Held while what <see cref="Current"/> returned is read.</summary>
    internal object Gate { get; } = new();

    /// <summary>Can change while this runs: the generations can be switched off.</summary>
    internal override IEnumerable<MethodState> Methods
    {
        get
        {
            ProbeResult support = _support;
            MethodState reading = new(support.Method, support.IsSupported ? MethodState.On : MethodState.Unavailable, support.Reason);
            return ager is null ? [reading] : [reading, ager.State];
        }
    }

    /// <inheritdoc/>
    internal override IHostedService? Service => ager;

    /// <summary>Has the groups aged; null if nobody has asked for it.</summary>
    internal GenerationAger? Ager => ager;

    /// <summary>What the current collection shows; empty when it could not be read. Call it and read it under <see cref="Gate"/>.</summary>
    internal HostGenerations Current()
    {
        if (schedule.IsDue())
        {
            Look();
            Stint.Beginning beginning = Stint.Begin(clock);
            ReadOutcome outcome = generations.Read();
            if (_support.IsSupported)
            {
                Count(outcome);
                Finish(beginning.End(), outcome == ReadOutcome.Success);
            }
        }

        return generations;
    }

    /// <summary>Agings are counted since there is one who asks for them.</summary>
    internal override bool TryGetCreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> attributes, out double? created)
    {
        created = _began;
        return true;
    }

    internal override void Report(ILogger logger)
    {
        if (_support.IsSupported)
        {
            Reads(logger, _support.Explanation);
        }
        else
        {
            Unavailable(logger, _support.Explanation);
        }
    }

    private void Look()
    {
        ProbeResult support = generations.Support;
        if (support.Reason != _support.Reason)
        {
            _support = support;
            Report(logger);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "generations: {Explanation}")]
    private static partial void Reads(ILogger logger, string explanation);

    [LoggerMessage(Level = LogLevel.Information, Message = "generations of control groups are not read: {Explanation}")]
    private static partial void Unavailable(ILogger logger, string explanation);

    public override void Dispose()
    {
        ager?.Dispose();
        generations.Dispose();
        base.Dispose();
    }
}
