namespace MemSnoop.Metrics.Configuration;

/// <summary>A setting with one value.</summary>
internal sealed class ScalarSetting<TOptions, T>(string key, ValueSyntax<T> syntax, Func<TOptions, T?> get, Action<TOptions, T> set) : Setting(key)
    where TOptions : MemSnoopOptions
{
    public override string Placeholder => syntax.Placeholder;

    public override string Expected => syntax.Expected;

    public override IReadOnlyList<string> Words => syntax.Words;

    public override bool IsList => false;

    public override bool IsFlag => typeof(T) == typeof(bool) && (Options.Count > 0 || OffOption is not null);

    public override char? Separator => null;

    /// <summary>Whether there is a value, for a type that has none to say that there is not. Default value: null, there always is.</summary>
    public Func<TOptions, bool>? IsSet { get; init; }

    public override string Describe(MemSnoopOptions options) => IsSet?.Invoke((TOptions)options) != false && get((TOptions)options) is { } value ? syntax.Format(value) : "";

    public override void Apply(MemSnoopOptions options, ConfigurationEntry entry)
    {
        if (entry.Texts is not [SettingText text])
        {
            throw new UsageException(entry.Source, "is given more than once", "one value");
        }

        set((TOptions)options, syntax.Parse(text));
    }

    public override void Verify(MemSnoopOptions options)
    {
        if (IsSet?.Invoke((TOptions)options) != false && get((TOptions)options) is { } value)
        {
            syntax.Parse(new SettingText(syntax.Format(value), Path));
        }
    }
}
