namespace MemSnoop.Metrics.Configuration;

/// <summary>A setting with any number of values. A layer replaces the whole list of the layers below it, it never adds to it.</summary>
internal sealed class ListSetting<TOptions, T>(
    string key, ValueSyntax<T> syntax, Func<TOptions, IReadOnlyList<T>> get, Action<TOptions, IReadOnlyList<T>> set)
    : Setting(key)
    where TOptions : MemSnoopOptions
{
    private readonly char? _separator;

    public override string Placeholder => _separator is null ? syntax.Placeholder : $"{syntax.Placeholder}{_separator}...";

    public override string Expected => syntax.Expected;

    public override bool IsList => true;

    public override bool IsFlag => false;

    public override char? Separator => _separator;

    /// <summary>Lets one text hold several values; only for values that cannot contain the character.</summary>
    public char SeparatedBy
    {
        init => _separator = value;
    }

    /// <summary>Lets a value remember where it was written, for what can be wrong with it and is found out only later.</summary>
    public Func<T, string, T> Locate { get; init; } = static (value, _) => value;

    /// <summary>Says what is wrong with the values taken together, or null.</summary>
    public Func<IReadOnlyList<T>, string?>? Check { get; init; }

    /// <summary>What <see cref="Check"/> wants to see.</summary>
    public string CheckExpected { get; init; } = "";

    public override string Describe(MemSnoopOptions options) => string.Join(_separator ?? ',', get((TOptions)options).Select(syntax.Format));

    public override void Apply(MemSnoopOptions options, ConfigurationEntry entry)
    {
        var values = new List<T>(entry.Texts.Count);
        foreach (SettingText text in entry.Texts)
        {
            if (_separator is char separator)
            {
                values.AddRange(text.Text.Split(separator, StringSplitOptions.TrimEntries).Select(part => Locate(syntax.Parse(text with { Text = part }), text.Source)));
            }
            else
            {
                values.Add(Locate(syntax.Parse(text), text.Source));
            }
        }

        if (Check?.Invoke(values) is string problem)
        {
            throw new UsageException(entry.Source, problem, CheckExpected);
        }

        set((TOptions)options, values);
    }
}
