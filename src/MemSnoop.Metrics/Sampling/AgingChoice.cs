using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Generations;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Who takes accessed bits if aging is asked for too. One at a time can: the idle bitmap where it works, since it tells more; else aging; the method referenced
/// only if there is no aging. Whoever asks for a method by name and for aging as well has made a mistake.
/// </summary>
internal static class AgingChoice
{
    /// <summary>The reason why a method leaves the bits to aging.</summary>
    internal const string Reason = HostAging.MethodName;

    /// <summary>Whether the generations are read at all. An application that measures itself does not want the groups of the whole host, unless it says so.</summary>
    internal static bool IsRead(MeasuredHost host) => host.IsEmbedded
        ? host.Options.Readings.Measurements.GetValueOrDefault(HostGenerations.MeasurementName)?.Enabled == true
        : host.Options.Readings.IsEnabled(HostGenerations.MeasurementName, isOnByDefault: true);

    /// <summary>Whether aging is asked for.</summary>
    internal static bool IsWanted(MeasuredHost host) => host.Options.Generations.Age && IsRead(host);

    /// <summary>Refuses aging beside a method that was asked for by name.</summary>
    /// <exception cref="UsageException">Both are asked for.</exception>
    internal static void RefuseBoth(MeasuredHost host)
    {
        MemSnoopOptions options = host.Options;
        if (!host.IsEmbedded && IsWanted(host) && options.WorkingSet.Method != WorkingSetMethod.Auto
            && options.Readings.IsEnabled(MemSnoop.Measurements.WorkingSetMeasurement.MeasurementName, isOnByDefault: true))
        {
            throw new UsageException(
                "--age-generations", $"the method {WorkingSetChoice.NameOf(options.WorkingSet.Method)} takes the same accessed bits",
                "--method auto, or --no-collector.working-set as well");
        }
    }

    /// <summary>What the methods say of this host, with those out of question that leave the bits to aging.</summary>
    internal static IReadOnlyList<ProbeResult> Probe(MeasuredHost host)
    {
        IReadOnlyList<ProbeResult> probes = WorkingSetMethods.Probe(host.Paths);
        return IsWanted(host) && host.Options.WorkingSet.Method == WorkingSetMethod.Auto && !IsBitmapThere(probes) && HostAging.Probe(host.Paths).IsSupported
            ? [.. probes.Select(Leave)]
            : probes;
    }

    private static bool IsBitmapThere(IReadOnlyList<ProbeResult> probes) =>
        probes.Any(static probe => probe.Method == PageIdleEstimator.MethodName && (probe.IsSupported || probe.Reason == ProbeResult.InUse));

    private static ProbeResult Leave(ProbeResult probe) => probe.IsSupported
        ? new ProbeResult(
            probe.Method, false, Reason, "--age-generations takes the same accessed bits, so the working sets of processes are not measured",
            "nothing, or leave out --age-generations")
        : probe;
}
