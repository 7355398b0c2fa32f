using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>
/// Two boots: the first measures workloads without limits, the rules of <c>deploy/prometheus</c> say what they need, and the second runs them under that limit, each beside a twin
/// without one.
/// </summary>
public sealed class ShrinkBoot(KernelLab lab) : LabBoot(lab)
{
    private const string Recommendation = "namespace_workload_container:memsnoop_memory_limit_recommendation:bytes";
    private const string Withheld = "namespace_workload_container:memsnoop_recommendation_withheld:max";

    /// <summary>The workloads, as the scenario names them.</summary>
    internal static readonly string[] Workloads = ["cache", "heap", "reader", "batch", "leak", "seldom"];

    private static readonly string[] Disk = ["--disk", "500", "--filesystem", "ext4"];

    private readonly string _limits = Path.Combine(KernelLab.Output, "limits");

    /// <summary>What the first boot left behind.</summary>
    internal ScenarioResult Measured { get; private set; } = new("");

    /// <summary>The limits that the rules recommend, in bytes.</summary>
    internal Dictionary<string, double> Limits { get; } = [];

    /// <summary>Why there is no recommendation; of some workloads there is more than one reason.</summary>
    internal Dictionary<string, string[]> Reasons { get; private set; } = [];

    protected override IReadOnlyList<string> Scenarios => ["shrink"];

    protected override IReadOnlyList<string> Arguments => [.. Disk, "--programs", _limits];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(20);

    protected override async Task PrepareAsync()
    {
        BootResult boot = await Lab.BootAsync("ShrinkMeasured", Scenarios, null, Disk, Deadline);
        Measured = new ScenarioResult(Path.Combine(boot.Directory, "shrink"));
        if (boot.Failure is { } failure)
        {
            throw new LabException($"Without limits: {failure}");
        }

        using TemporaryDirectory store = new();
        StretchedHistory history = new(ShrinkScrapes.Of(Measured), Workloads);
        await PastRules.RecordAsync(store.Root, history);
        await using PrometheusServer server = await PrometheusServer.StartAsync("", store: store.Root);
        foreach ((JsonElement labels, double bytes) in await server.QueryAsync(Recommendation, history.End))
        {
            Limits.Add(labels.GetProperty("workload").GetString()!, bytes);
        }

        Reasons = (await server.QueryAsync(Withheld, history.End)).Select(static series => series.Labels)
            .GroupBy(static labels => labels.GetProperty("workload").GetString()!, static labels => labels.GetProperty("reason").GetString()!)
            .ToDictionary(static reasons => reasons.Key, static reasons => reasons.Order(StringComparer.Ordinal).ToArray());

        Directory.CreateDirectory(_limits);
        File.WriteAllLines(Path.Combine(_limits, "limits"), Limits.Select(static limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Key} {limit.Value}")));
    }
}
