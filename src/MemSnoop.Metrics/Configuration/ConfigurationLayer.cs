namespace MemSnoop.Metrics.Configuration;

/// <summary>The values of one setting in one layer.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Source">The source that an error about the whole list names.</param>
/// <param name="Texts">The values, in the order they were given.</param>
internal sealed record ConfigurationEntry(Setting Setting, string Source, List<SettingText> Texts);

/// <summary>One source of configuration (file, environment, command line): settings and their texts, not parsed yet.</summary>
internal sealed class ConfigurationLayer
{
    private readonly Dictionary<Setting, ConfigurationEntry> _entries = [];

    public IReadOnlyCollection<ConfigurationEntry> Entries => _entries.Values;

    /// <summary>Names in it that a later version will not know.</summary>
    public List<DeprecatedUse> Deprecated { get; } = [];

    /// <summary>The entry of a setting, empty when it had none.</summary>
    public ConfigurationEntry Entry(Setting setting, string source)
    {
        if (!_entries.TryGetValue(setting, out ConfigurationEntry? entry))
        {
            entry = new ConfigurationEntry(setting, source, []);
            _entries.Add(setting, entry);
        }

        return entry;
    }

    public bool Contains(Setting setting) => _entries.ContainsKey(setting);

    public void Add(Setting setting, SettingText text) => Entry(setting, text.Source).Texts.Add(text);
}
