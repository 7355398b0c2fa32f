using System.Globalization;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Exporter.View;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Top;

/// <summary>One process alone.</summary>
internal static class TopDetails
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>Its lines.</summary>
    /// <param name="row">The process.</param>
    /// <param name="hasEnded">Whether it has ended, so that these are its last numbers.</param>
    /// <param name="now">The time.</param>
    internal static IEnumerable<string> Draw(RowView row, bool hasEnded, DateTimeOffset now)
    {
        string who = string.Create(CultureInfo.InvariantCulture, $"process {row.Pid} ({SafeText.Of(row.Name)})");
        yield return hasEnded ? $"{who} has ended; these are its last numbers" : who;
        yield return "";
        if (row.Started is { } started)
        {
            DateTimeOffset start = DateTimeOffset.FromUnixTimeMilliseconds((long)(started * 1000));
            yield return Field("started", string.Create(
                CultureInfo.InvariantCulture, $"{start.ToLocalTime():yyyy-MM-dd HH:mm:ss}, {Duration.Format(TimeSpan.FromSeconds(Math.Max(0, Math.Floor((now - start).TotalSeconds))))} ago"));
        }

        foreach ((string name, string? value) in ((string, string?)[])
            [("pod", row.Pod is null ? null : $"{row.Namespace}/{row.Pod}"), ("container", row.Container ?? row.ContainerId), ("unit", row.Unit), ("group", row.Group)])
        {
            if (value is not null)
            {
                yield return Field(name, SafeText.Of(value));
            }
        }

        yield return Field("resident", ShortNumber.Bytes(row.ResidentBytes));
        yield return Field("used", Used(row));
        yield return Field("idle", row.IdleBytes is { } idle ? $"{ShortNumber.Bytes(idle)}, {ShortNumber.Percent(idle, row.ResidentBytes)}, for the whole window" : "not known");
        if (row.GrowthBytesPerHour is { } growth)
        {
            yield return Field("growth", $"{TopColumn.Signed(growth)} an hour");
        }

        if (row.Spark is { } spark)
        {
            yield return "";
            foreach ((string name, IReadOnlyList<ulong?> values) in ((string, IReadOnlyList<ulong?>)[])[("was held", spark.ResidentBytes), ("was used", spark.UsedBytes)])
            {
                if (values.Any(static value => value is not null))
                {
                    yield return Field(name, $"{Spark(values)}  {ShortNumber.Bytes(values.Min() ?? 0)} to {ShortNumber.Bytes(values.Max() ?? 0)}");
                }
            }
        }

        yield return "";
        yield return string.Create(CultureInfo.InvariantCulture, $"memsnoop wss {row.Pid} 10 --by area   where it lies");
        yield return string.Create(CultureInfo.InvariantCulture, $"memsnoop trace --pid {row.Pid}        sample by sample");
    }

    /// <summary>A line of bars, from nothing to the most; a gap where there is no number.</summary>
    internal static string Spark(IReadOnlyList<ulong?> values)
    {
        double most = Math.Max(1, values.Max() ?? 0);
        return string.Concat(values.Select(value => value is { } known ? Bars[(int)Math.Min(Bars.Length - 1, known / most * Bars.Length)] : ' '));
    }

    private static string Used(RowView row)
    {
        string within = row.WindowSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $", within {seconds:F1} s") : "";
        string error = row.ErrorBytes is { } bytes ? $" ± {ShortNumber.Bytes(bytes)}" : "";
        return row.UsedBytes is { } used ? $"{ShortNumber.Bytes(used)}{error}, {ShortNumber.Percent(used, row.ResidentBytes)}{within}"
            : row.LowerBytes is { } lower && row.UpperBytes is { } upper ? $"{ShortNumber.Bytes(lower)} to {ShortNumber.Bytes(upper)}{within}: {DisturbanceWords.Explain(row.Reason ?? "")}"
            : row.Reason is null or "no_window" ? "no window has ended yet"
            : DisturbanceWords.Explain(row.Reason);
    }

    private static string Field(string name, string value) => $"  {name,-12}{value}";
}
