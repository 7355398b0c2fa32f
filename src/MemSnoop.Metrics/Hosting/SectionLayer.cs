using MemSnoop.Metrics.Configuration;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace MemSnoop.Metrics.Hosting;

/// <summary>
/// Settings from a section of an application's configuration, wherever its providers have them from. The keys, the texts and the error lines are those of the program's file.
/// </summary>
/// <remarks>
/// Not the framework's binder, generated or not: it passes over keys that it does not know, it reads neither <c>30s</c> nor <c>4GiB</c>, and what it cannot convert it reports
/// by an exception that names types.
/// </remarks>
internal sealed class SectionLayer
{
    private readonly ConfigurationLayer _layer = new();
    private readonly SettingCatalogue _catalogue;
    private readonly string _root;

    private SectionLayer(string root, SettingCatalogue catalogue) => (_root, _catalogue) = (root, catalogue);

    /// <summary>Reads a section.</summary>
    /// <param name="section">The section.</param>
    /// <param name="catalogue">The settings that it may have.</param>
    /// <exception cref="UsageException">The section has a key or a type that is not ours.</exception>
    public static ConfigurationLayer Read(IConfigurationSection section, SettingCatalogue catalogue)
    {
        var reader = new SectionLayer(section.Path, catalogue);
        reader.ReadSection(section, MemSnoopOptions.Section);
        return reader._layer;
    }

    private void ReadSection(IConfigurationSection section, string path)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            string childPath = $"{path}:{child.Key}";
            if (_catalogue.Find(childPath, _layer, Name(child)) is Setting setting)
            {
                ReadSetting(child, setting);
            }
            else if (!_catalogue.IsSection(childPath))
            {
                throw Unknown(child, childPath);
            }
            else if (child.Value is not null)
            {
                throw new UsageException(Name(child), "is text", $"an object with {string.Join(", ", _catalogue.Children(childPath))}");
            }
            else
            {
                ReadSection(child, childPath);
            }
        }
    }

    private void ReadSetting(IConfigurationSection section, Setting setting)
    {
        if (setting is RetiredSetting)
        {
            return;
        }

        string source = Name(section);
        IConfigurationSection[] children = [.. section.GetChildren()];

        // Case aside a configuration has a key once, but "process_io" and "process-io" are two of them.
        if (_layer.Contains(setting) || (section.Value is not null && children.Length > 0))
        {
            throw new UsageException(source, "is given more than once", "one value");
        }

        ConfigurationEntry entry = _layer.Entry(setting, source);
        if (!setting.IsList)
        {
            entry.Texts.Add(Text(section, children, setting.Expected));
            return;
        }

        if (children.Length == 0 && section.Value is null)
        {
            throw new UsageException(source, "is null", $"a list, each item {setting.Expected}");
        }

        // An empty list of JSON is an empty text here; any other text is the only value, as a variable without a number gives it.
        if (!string.IsNullOrEmpty(section.Value))
        {
            entry.Texts.Add(new SettingText(section.Value, source));
        }

        foreach (IConfigurationSection item in children)
        {
            if (!int.TryParse(item.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                throw Unknown(item, $"{setting.Path}:{item.Key}");
            }

            entry.Texts.Add(Text(item, [.. item.GetChildren()], setting.Expected));
        }
    }

    private static SettingText Text(IConfigurationSection section, IConfigurationSection[] children, string expected) =>
        children.Length > 0 ? throw new UsageException(Name(section), $"is {(children[0].Key == "0" ? "a list" : "an object")}", expected)
        : section.Value is null ? throw new UsageException(Name(section), "is null", expected)
        : new SettingText(section.Value, Name(section));

    // The catalogue knows the section by its usual name; who reads the line knows it by the name it has.
    private UsageException Unknown(IConfigurationSection section, string path)
    {
        string expected = _catalogue.ExpectedInsteadOf(path, ":");
        const string Usual = MemSnoopOptions.Section + ":";
        return new UsageException(Name(section), "unknown key", expected.StartsWith(Usual, StringComparison.Ordinal) ? $"{_root}:{expected[Usual.Length..]}" : expected);
    }

    private static string Name(IConfigurationSection section) => UsageException.OneLine(section.Path);
}
