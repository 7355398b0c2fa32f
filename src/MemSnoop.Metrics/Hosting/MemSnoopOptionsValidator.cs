using MemSnoop.Metrics.Configuration;
using MemSnoop.Measurements;
using Microsoft.Extensions.Options;

namespace MemSnoop.Metrics.Hosting;

/// <summary>Checks what code has set by the rules for what is written in files, and with the same lines.</summary>
internal sealed class MemSnoopOptionsValidator : IValidateOptions<MemSnoopOptions>
{
    private static readonly MemSnoopOptions Defaults = new();

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, MemSnoopOptions options)
    {
        try
        {
            foreach (Setting setting in MemSnoopSettings.Catalogue.All)
            {
                // The usual mount points were written by nobody. Where there is no /sys there is nothing to measure, but nobody has made a mistake.
                if (!KernelSettings.All.Contains(setting) || setting.Describe(options) != setting.Describe(Defaults))
                {
                    setting.Verify(options);
                }
            }

            options.Containers.Check(options.Processes, static setting => setting.Path);
            foreach (string measurement in options.Readings.Measurements.Keys)
            {
                string path = $"{MemSnoopOptions.Section}:Readings:Measurements:{measurement}";
                if (!MemSnoopSettings.Catalogue.IsSection(path))
                {
                    throw new UsageException(path, "unknown key", MemSnoopSettings.Catalogue.ExpectedInsteadOf(path, ":"));
                }
            }

            return options.AreCountersEnabled && options.Counters.Events.Count == 0
                ? ValidateOptionsResult.Fail(Line($"Readings:Measurements:{CounterMeasurement.MeasurementName}:Enabled", "no event is named", $"{MemSnoopOptions.Section}:Counters:Events as well"))
                : ValidateOptionsResult.Success;
        }
        catch (UsageException wrong)
        {
            return ValidateOptionsResult.Fail(wrong.Message);
        }
    }

    private static string Line(string key, string problem, string expected) => new UsageException($"{MemSnoopOptions.Section}:{key}", problem, expected).Message;
}
