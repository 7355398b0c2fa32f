namespace MemSnoop.Metrics.Configuration;

/// <summary>A setting with any number of values. A layer replaces the whole list of the layers below it and never adds to it.</summary>
internal sealed class ListSetting<TOptions, T>(
    string key, ValueSyntax<T> syntax, Func<TOptions, IReadOnlyList<T>> get, Action<TOptions, IReadOnlyList<T>> set)
    : Setting(key)
    where TOptions : MemSnoopOptions
{
    private readonly char? _separator;

    public override string Placeholder => _separator is null ? syntax.Placeholder : $"{syntax.Placeholder}{_separator}...";

    public override string Expected => syntax.Expected;

    public override IReadOnlyList<string> Words => syntax.Words;

    public override bool IsList => true;

    public override bool IsFlag => false;

    public override char? Separator => _separator;

    /// <summary>Allows several values in one text; only for values that cannot contain the separator.</summary>
    public char SeparatedBy
    {
        init => _separator = value;
    }

    /// <summary>Hears where each value was written, for what can be wrong with it and is found out only later.</summary>
    public Action<TOptions, T, string>? Locate { get; init; }

    /// <summary>Says what is wrong with the values taken together, or null.</summary>
    public Func<IReadOnlyList<T>, string?>? Check { get; init; }

    /// <summary>What <see cref="Check"/> expects.</summary>
    public string CheckExpected { get; init; } = "";

    public override string Describe(MemSnoopOptions options) => string.Join(_separator ?? ',', get((TOptions)options).Select(syntax.Format));

    public override void Apply(MemSnoopOptions options, ConfigurationEntry entry)
    {
        var values = new List<T>(entry.Texts.Count);
        foreach (SettingText text in entry.Texts)
        {
            foreach (string part in _separator is char separator ? text.Text.Split(separator, StringSplitOptions.TrimEntries) : [text.Text])
            {
                T value = syntax.Parse(text with { Text = part });
                Locate?.Invoke((TOptions)options, value, text.Source);
                values.Add(value);
            }
        }

        CheckAll(values, entry.Source);
        set((TOptions)options, values);
    }

    public override void Verify(MemSnoopOptions options)
    {
        IReadOnlyList<T> values = get((TOptions)options);
        for (int i = 0; i < values.Count; i++)
        {
            syntax.Parse(new SettingText(syntax.Format(values[i]), $"{Path}:{i}"));
        }

        CheckAll(values, Path);
    }

    private void CheckAll(IReadOnlyList<T> values, string source)
    {
        if (Check?.Invoke(values) is string problem)
        {
            throw new UsageException(source, problem, CheckExpected);
        }
    }
}
