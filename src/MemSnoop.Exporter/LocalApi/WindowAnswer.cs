using System.Text.Json.Serialization;
using MemSnoop.Disturbances;
using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Sampling;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>One window of one process, as the exporter answers and as <c>memsnoop wss --json</c> prints it. Bytes and seconds.</summary>
internal sealed record WindowAnswer
{
    /// <summary>The <see cref="Source"/> of a window that the exporter has or has measured.</summary>
    internal const string FromExporter = "exporter";

    /// <summary>The <see cref="Source"/> of a window that the command has measured itself.</summary>
    internal const string Own = "own";

    /// <summary>The process, as the proc root of whoever measured shows it.</summary>
    public required int Pid { get; init; }

    /// <summary><c>exporter</c> or <c>own</c>: who measured.</summary>
    public required string Source { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    public required double WindowSeconds { get; init; }

    public required double WindowSpreadSeconds { get; init; }

    /// <summary>What disturbed the window, or <c>none</c>.</summary>
    public required string Disturbance { get; init; }

    /// <summary>The working set; absent if the window was disturbed.</summary>
    public ulong? UsedBytes { get; init; }

    /// <summary>The least that the working set can have been.</summary>
    public required ulong LowerBytes { get; init; }

    /// <summary>The most that the working set can have been.</summary>
    public required ulong UpperBytes { get; init; }

    /// <summary>Half the width of the 95 % interval around <see cref="UsedBytes"/>; only where not every page was looked at.</summary>
    public ulong? ErrorBytes { get; init; }

    public required KindAnswer Anon { get; init; }

    public required KindAnswer File { get; init; }

    public required KindAnswer Shmem { get; init; }

    /// <summary>Resident at the end of the window, as counted by the pass.</summary>
    public required ulong ResidentBytes { get; init; }

    public ulong? HugetlbBytes { get; init; }

    public ulong? UntrackedBytes { get; init; }

    public required ulong LeftOutBytes { get; init; }

    /// <summary>Whether it was ended before its time; only then.</summary>
    public bool? Partial { get; init; }

    /// <summary>The process's name; only where the command has read it.</summary>
    public string? Comm { get; init; }

    /// <summary>What was held and used of each area; only where that was asked for.</summary>
    public IReadOnlyList<AreaAnswer>? Areas { get; init; }

    /// <summary>What was accessed again in all windows, by age; only where that was asked for.</summary>
    public IReadOnlyList<AgeAnswer>? Ages { get; init; }

    /// <summary>Resident memory by <c>smaps</c>, read after the window; only where it was read.</summary>
    public ulong? RssBytes { get; init; }

    /// <summary>Its proportional share; only where it was read.</summary>
    public ulong? PssBytes { get; init; }

    [JsonIgnore]
    internal bool IsWhole => UsedBytes is not null;

    internal static WindowAnswer Of(int pid, string source, string method, in WorkingSetSample sample) => new()
    {
        Pid = pid,
        Source = source,
        Method = method,
        WindowSeconds = sample.Window.TotalSeconds,
        WindowSpreadSeconds = sample.WindowSpread.TotalSeconds,
        Disturbance = sample.Disturbance.ToReason(),
        UsedBytes = sample.IsWhole ? sample.TotalBytes : null,
        LowerBytes = sample.TotalBytes,
        UpperBytes = sample.UpperTotalBytes,
        ErrorBytes = sample.IsWhole ? sample.Error?.TotalBytes : null,
        Anon = KindAnswer.Of(sample, PageKind.Anon),
        File = KindAnswer.Of(sample, PageKind.File),
        Shmem = KindAnswer.Of(sample, PageKind.Shmem),
        ResidentBytes = sample.ResidentBytes,
        HugetlbBytes = sample.HugetlbBytes,
        UntrackedBytes = sample.UntrackedBytes,
        LeftOutBytes = sample.LeftOutBytes,
    };
}

/// <summary>The working set of one kind: equal sides if the window was whole.</summary>
internal sealed record KindAnswer(ulong LowerBytes, ulong UpperBytes)
{
    internal static KindAnswer Of(in WorkingSetSample sample, PageKind kind) => new(sample.Bytes(kind), sample.UpperBytes(kind));
}

/// <summary>What had been idle for an age, and what of it was accessed again.</summary>
/// <param name="AgeSeconds">The age.</param>
/// <param name="IdleBytes">Idle for at least so long at the end; absent if that is not known.</param>
/// <param name="ReaccessedBytes">Accessed after it had been idle for at least so long.</param>
/// <param name="DoubtfulBytes">What may have been as well, since something disturbed a window.</param>
/// <param name="ObservedSeconds">The time within which memory of that age could be accessed again: a rate is over this time.</param>
internal sealed record AgeAnswer(double AgeSeconds, ulong? IdleBytes, ulong ReaccessedBytes, ulong DoubtfulBytes, double ObservedSeconds)
{
    internal static IReadOnlyList<AgeAnswer> Of(ReaccessRun run) =>
        [.. run.Ages.Select(static age => new AgeAnswer(age.Age.TotalSeconds, age.IdleBytes, age.ReaccessedBytes, age.DoubtfulBytes, age.Observed.TotalSeconds))];
}

/// <summary>What a process holds in the areas of one name, and what it used of that.</summary>
/// <param name="Name">The path of a mapped file, the kernel's name of the area such as <c>[heap]</c>, or <c>anonymous</c>.</param>
/// <param name="HeldBytes">Resident at the end of the window.</param>
/// <param name="UsedBytes">Accessed within the window.</param>
internal sealed record AreaAnswer(string Name, ulong HeldBytes, ulong UsedBytes)
{
    internal static IReadOnlyList<AreaAnswer> Of(AreaUses areas) => [.. areas.All.Select(static area => new AreaAnswer(area.Name, area.HeldBytes, area.UsedBytes))];
}

/// <summary>The answers as JSON, by code that is made at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, GenerationMode = JsonSourceGenerationMode.Default,
    WriteIndented = true)]
[JsonSerializable(typeof(WindowAnswer))]
[JsonSerializable(typeof(IReadOnlyList<WindowAnswer>))]
[JsonSerializable(typeof(ContainersAnswer))]
[JsonSerializable(typeof(RefusalAnswer))]
internal sealed partial class AnswerJson : JsonSerializerContext;

/// <summary>The same, an answer a line.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(WindowAnswer))]
internal sealed partial class LineJson : JsonSerializerContext;
