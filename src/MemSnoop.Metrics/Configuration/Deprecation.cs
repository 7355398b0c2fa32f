namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A name that a setting had in an earlier version. It goes on working for two minor versions, so that an upgrade does not stop a fleet: an unknown key would end the
/// program.
/// </summary>
/// <param name="Key">The former path below the root section; null if only an option was renamed.</param>
/// <param name="Option">The former option; null if only a key was renamed.</param>
/// <param name="Until">The version that does not know it any more.</param>
internal sealed record FormerName(string? Key, string? Option, string Until);

/// <summary>A deprecated name that is in use, or a series that is still published under one.</summary>
/// <param name="Name">The name: a path, an option or an instrument.</param>
/// <param name="Source">Where it is used; what a warning names.</param>
/// <param name="Advice">What to do instead.</param>
/// <param name="Until">The version that does not know it any more.</param>
internal sealed record DeprecatedUse(string Name, string Source, string Advice, string Until)
{
    /// <summary>The line that warns of it.</summary>
    internal string Warning => $"{Source}: deprecated; {Advice}, version {Until} does not know it any more";
}

/// <summary>A setting that was removed. It goes on being understood for two minor versions, and does nothing.</summary>
/// <param name="key">Its path below the root section.</param>
/// <param name="until">The version that does not know it any more.</param>
/// <param name="isFlag">Whether its option took no value.</param>
internal sealed class RetiredSetting(string key, string until, bool isFlag = false) : Setting(key)
{
    public override string Placeholder => "VALUE";

    public override string Expected => "nothing";

    // Whatever was written for it is passed over, lists included.
    public override bool IsList => true;

    public override bool IsFlag => isFlag;

    public override char? Separator => null;

    public override IReadOnlyList<string> Words => [];

    /// <summary>Where it is used.</summary>
    internal DeprecatedUse Use(string name, string source) => new(name, source, "it does nothing", until);

    public override string Describe(MemSnoopOptions options) => "";

    public override void Apply(MemSnoopOptions options, ConfigurationEntry entry)
    {
    }

    public override void Verify(MemSnoopOptions options)
    {
    }
}
