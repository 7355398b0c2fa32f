using System.Diagnostics.Metrics;
using MemSnoop.Containers;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Where the names of containers come from, and why they are missing.</summary>
internal static class ContainerInstruments
{
    /// <param name="scope">Makes instruments.</param>
    /// <param name="naming">Knows the names; null if nobody wants them.</param>
    internal static void Create(InstrumentScope scope, ContainerNaming? naming) =>
        scope.Gauge("memsnoop.container_names.info", "1", "Which sources of container names are in use, and why others are not.", () => Info(naming?.States ?? []));

    private static IEnumerable<Measurement<long>> Info(MethodState[] states) =>
        from source in (string[])[LogLinks.SourceName, CriContainers.SourceName, KubeletPods.SourceName, KubernetesApiPods.SourceName]
        let state = Array.Find(states, state => state.Method == source) is { State: not null } known ? known : MethodState.Disabled(source)
        select new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("reason", state.Reason),
            new KeyValuePair<string, object?>("source", source),
            new KeyValuePair<string, object?>("state", state.State));
}
