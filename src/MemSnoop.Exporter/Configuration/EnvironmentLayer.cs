using System.Globalization;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Settings from environment variables: <c>MemSnoop__Readings__Interval=15s</c>; lists as <c>MemSnoop__Processes__Names__0</c>, <c>__1</c>, … or, for a single
/// value, without a number. Letter case does not matter, and <c>_</c> may stand for <c>-</c>. An empty variable counts as absent, since compose files and
/// units leave such variables.
/// </summary>
internal static class EnvironmentLayer
{
    private const string Prefix = ExporterOptions.Section + "__";

    /// <exception cref="UsageException">A variable with the prefix names no setting.</exception>
    public static ConfigurationLayer Read(IReadOnlyDictionary<string, string> environment)
    {
        var layer = new ConfigurationLayer();
        var whole = new HashSet<Setting>();   // set by one variable without a number
        // Sorted by name, and numbers by value: lists keep their order, and the first of several errors is always the same one.
        foreach ((string variable, string text) in environment
            .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && pair.Value.Length > 0)
            .OrderBy(pair => pair.Key.Length).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            string path = variable.Replace("__", ":", StringComparison.Ordinal);
            Setting? setting = ExporterSettings.Catalogue.Find(path);
            bool isItem = false;
            if (setting is null && ItemOf(path) is { IsList: true } list)
            {
                setting = list;
                isItem = true;
            }

            if (setting is null)
            {
                throw new UsageException(variable, "unknown variable", ExporterSettings.Catalogue.ExpectedInsteadOf(path, "__"));
            }

            if (isItem ? whole.Contains(setting) : layer.Contains(setting))
            {
                throw new UsageException(variable, $"is also set as {layer.Entry(setting, variable).Source}", "one of them");
            }

            if (!isItem)
            {
                whole.Add(setting);
            }

            layer.Add(setting, new SettingText(text, variable));
        }

        return layer;
    }

    private static Setting? ItemOf(string path)
    {
        int last = path.LastIndexOf(':');
        return int.TryParse(path.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? ExporterSettings.Catalogue.Find(path[..last]) : null;
    }
}
