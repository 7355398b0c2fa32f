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

    /// <summary>Reads the variables.</summary>
    /// <param name="environment">All variables.</param>
    /// <param name="catalogue">The settings that they may set.</param>
    /// <exception cref="UsageException">A variable with the prefix names no setting.</exception>
    public static ConfigurationLayer Read(IReadOnlyDictionary<string, string> environment, SettingCatalogue catalogue)
    {
        var layer = new ConfigurationLayer();
        var whole = new HashSet<Setting>();   // set by one variable without a number
        // Sorted by name, and numbers by value: lists keep their order, and the first of several errors is always the same one.
        foreach ((string variable, string text) in environment
            .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && pair.Value.Length > 0)
            .OrderBy(pair => pair.Key.Length).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            string path = variable.Replace("__", ":", StringComparison.Ordinal);
            Setting? setting = catalogue.Find(path, layer, variable);
            bool isItem = false;
            if (setting is null && ListOf(path) is { } listPath && catalogue.Find(listPath, layer, variable) is { IsList: true } list)
            {
                setting = list;
                isItem = true;
            }

            if (setting is null)
            {
                throw new UsageException(variable, "unknown variable", catalogue.ExpectedInsteadOf(path, "__"));
            }

            if (setting is RetiredSetting)
            {
                continue;
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

    /// <summary>The path without the number of an item, if it has one.</summary>
    private static string? ListOf(string path)
    {
        int last = path.LastIndexOf(':');
        return int.TryParse(path.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? path[..last] : null;
    }
}
