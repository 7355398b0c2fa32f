namespace MemSnoop.Metrics.Configuration;

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
