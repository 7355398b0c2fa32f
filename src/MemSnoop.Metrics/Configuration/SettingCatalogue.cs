namespace MemSnoop.Metrics.Configuration;

/// <summary>Settings that belong together, under one heading of <c>--help</c>.</summary>
internal sealed record SettingGroup(string Title, IReadOnlyList<Setting> Settings);

/// <summary>Settings by their paths.</summary>
/// <param name="groups">The settings.</param>
/// <param name="retired">Settings of earlier versions that are still understood and do nothing.</param>
internal sealed class SettingCatalogue(IReadOnlyList<SettingGroup> groups, params IReadOnlyList<RetiredSetting> retired)
{
    private readonly Dictionary<string, Setting> _byPath =
        groups.SelectMany(group => group.Settings).ToDictionary(setting => Normalize(setting.Path), StringComparer.Ordinal);

    // The use has no source yet.
    private readonly Dictionary<string, (Setting Setting, DeprecatedUse Use)> _byFormerPath = FormerPaths(groups, retired);

    /// <summary>The groups, in the order of <c>--help</c>.</summary>
    public IReadOnlyList<SettingGroup> Groups => groups;

    public IEnumerable<Setting> All => _byPath.Values;

    /// <summary>Settings of earlier versions that are still understood and do nothing.</summary>
    public IReadOnlyList<RetiredSetting> Retired => retired;

    /// <summary>The setting at a path such as <c>MemSnoop:Processes:Pids</c>; letter case does not matter.</summary>
    public Setting? Find(string path) => _byPath.GetValueOrDefault(Normalize(path));

    /// <summary>The setting at a path or at one that it had in an earlier version; the use of such a one is noted in the layer.</summary>
    /// <param name="path">The path.</param>
    /// <param name="layer">The layer that is being read.</param>
    /// <param name="source">Where it was written.</param>
    public Setting? Find(string path, ConfigurationLayer layer, string source)
    {
        if (Find(path) is { } setting)
        {
            return setting;
        }

        if (!_byFormerPath.TryGetValue(Normalize(path), out (Setting Setting, DeprecatedUse Use) former))
        {
            return null;
        }

        if (!layer.Deprecated.Exists(other => other.Name == former.Use.Name))
        {
            layer.Deprecated.Add(former.Use with { Source = source });
        }

        return former.Setting;
    }

    /// <summary>Whether settings lie below this path.</summary>
    public bool IsSection(string path)
    {
        string prefix = Normalize(path) + ":";
        return _byPath.Keys.Concat(_byFormerPath.Keys).Any(key => key.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>The names directly below a section, or the root section's own name below the empty path.</summary>
    public IReadOnlyList<string> Children(string section)
    {
        string prefix = section.Length == 0 ? "" : Normalize(section) + ":";
        return
        [
            .. All.Where(setting => Normalize(setting.Path).StartsWith(prefix, StringComparison.Ordinal))
                .Select(setting => setting.Path[prefix.Length..].Split(':')[0])
                .Distinct(),
        ];
    }

    /// <summary>What to say is expected where a path is not known: the path that was probably meant, else the names that could stand there.</summary>
    /// <param name="path">The unknown path.</param>
    /// <param name="separator">What stands between names where the user wrote it.</param>
    public string ExpectedInsteadOf(string path, string separator)
    {
        string[] names = path.Split(':');
        int known = 0;
        while (known < names.Length && IsSection(string.Join(':', names.Take(known + 1))))
        {
            known++;
        }

        known = Math.Min(known, names.Length - 1);
        string parent = string.Join(':', names.Take(known));
        IReadOnlyList<string> siblings = Children(parent);
        if (NearestName.Find(names[known], siblings) is not string nearest)
        {
            return parent.Length == 0 ? string.Join(", ", siblings) : $"one of {string.Join(", ", siblings)}";
        }

        string meant = string.Join(':', [.. names.Take(known), nearest]);
        string whole = string.Join(':', [meant, .. names.Skip(known + 1)]);
        return (Find(whole) is not null ? whole : meant).Replace(":", separator, StringComparison.Ordinal);
    }

    private static Dictionary<string, (Setting, DeprecatedUse)> FormerPaths(IReadOnlyList<SettingGroup> groups, IReadOnlyList<RetiredSetting> retired)
    {
        Dictionary<string, (Setting, DeprecatedUse)> paths = new(StringComparer.Ordinal);
        foreach (Setting setting in groups.SelectMany(static group => group.Settings))
        {
            foreach (FormerName former in setting.FormerNames.Where(static former => former.Key is not null))
            {
                string path = $"{MemSnoopOptions.Section}:{former.Key}";
                paths.Add(Normalize(path), (setting, new DeprecatedUse(path, "", $"use {setting.Path}", former.Until)));
            }
        }

        foreach (RetiredSetting setting in retired)
        {
            paths.Add(Normalize(setting.Path), (setting, setting.Use(setting.Path, "")));
        }

        return paths;
    }

    // Variables cannot contain a hyphen in most shells: process_io stands for process-io.
    private static string Normalize(string path) => path.ToLowerInvariant().Replace('_', '-');
}
