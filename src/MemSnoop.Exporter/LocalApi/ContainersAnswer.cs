using System.Text.Json.Serialization;
using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Exporter.View;
using MemSnoop.Measurements;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>The containers of the host with the memory that is charged to them, as the exporter answers and as <c>memsnoop containers --json</c> prints it.</summary>
internal sealed record ContainersAnswer
{
    internal const string Path = "/api/v1/containers";

    /// <inheritdoc cref="WindowRequest.FormerPath"/>
    internal const string FormerPath = "/v1/containers";

    /// <summary><see cref="WindowAnswer.FromExporter"/> or <see cref="WindowAnswer.Own"/>: who measured what was used; absent if nobody did.</summary>
    public string? Source { get; init; }

    /// <summary>Why it is not known what was used, or not of all kinds of memory: one word, like those of metrics.</summary>
    public string? Reason { get; init; }

    public required IReadOnlyList<ContainerAnswer> Containers { get; init; }
}

/// <summary>One container. What is not known is absent.</summary>
internal sealed record ContainerAnswer
{
    public required string ContainerId { get; init; }

    public string Namespace { get; init; } = "";

    public string Pod { get; init; } = "";

    public string Container { get; init; } = "";

    /// <summary>Memory of all kinds that programs could use, at the end of the window.</summary>
    public ulong? HeldBytes { get; init; }

    /// <summary>What of it was used within the window; absent if the window was disturbed.</summary>
    public ulong? UsedBytes { get; init; }

    /// <summary>Half the width of the 95 % interval around it, at most; absent if it is exact.</summary>
    public ulong? ErrorBytes { get; init; }

    /// <summary>The least that can have been used.</summary>
    public ulong? LowerBytes { get; init; }

    /// <summary>The most that can have been used.</summary>
    public ulong? UpperBytes { get; init; }

    /// <summary>What was idle for the whole window, for certain.</summary>
    public ulong? IdleBytes { get; init; }

    /// <summary>What disturbed the window, or <c>none</c>.</summary>
    public string? Disturbance { get; init; }

    /// <summary>What its control group says is charged.</summary>
    public ulong? UsageBytes { get; init; }

    /// <summary>The least limit of its control group and those above it.</summary>
    public ulong? LimitBytes { get; init; }

    /// <summary>How it is called where there is little room: by its names, else by the twelve digits that other tools show of an id.</summary>
    [JsonIgnore]
    internal string ShownName => ContainerName.Short(ContainerId, new ContainerNames(Namespace, Pod, Container));

    internal static ContainerAnswer Of(string id, ContainerNames names, in ContainerMemorySample memory)
    {
        ChargedSum sum = ChargedSum.Of(memory);
        return new ContainerAnswer
        {
            ContainerId = id,
            HeldBytes = memory.HeldBytes,
            UsedBytes = sum.UsedBytes,
            ErrorBytes = sum.ErrorBytes,
            LowerBytes = sum.LowerBytes,
            UpperBytes = sum.UpperBytes,
            IdleBytes = sum.IdleBytes,
            Disturbance = sum.Disturbance.ToReason(),
        }.With(names);
    }

    /// <summary>The same container with these names, if any is known.</summary>
    internal ContainerAnswer With(ContainerNames names) => names.Pod.Length == 0 ? this : this with { Namespace = names.Namespace, Pod = names.Pod, Container = names.Container };

    /// <summary>The same container with what its control group says.</summary>
    internal ContainerAnswer With(in ContainerCgroupSample cgroup) => this with { UsageBytes = cgroup.UsageBytes, LimitBytes = cgroup.LimitBytes };
}
