using Xunit.v3;

namespace MemSnoop.Testing;

/// <summary>
/// A test of <c>tests/run.sh</c> that <c>tests/run.sh --fast</c> leaves out, since it takes seconds by its nature. A test without a tier is in both.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class OrdinaryTierAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("tier", "ordinary")];
}

/// <summary>
/// A test that only <c>tests/run.sh --long</c> runs: minutes by its nature. A shorter form of what it promises is in the ordinary tier.
/// What it measured is the row of its scenario in <c>docs/measured.md</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class LongTierAttribute(string scenario) : Attribute, ITraitAttribute
{
    /// <summary>The name of the row, and of what <c>tests/run.sh --long</c> is told to run: lower-case words with hyphens.</summary>
    public string Scenario => scenario;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("tier", "long"), new("scenario", scenario)];
}

/// <summary>The figures of the long tier.</summary>
internal static class Measured
{
    /// <summary>Notes what a scenario has measured. <c>tests/run.sh --long</c> makes the row of it once all its tests have passed; several notes are joined.</summary>
    public static void Note(string scenario, string figures)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{scenario}: {figures}");
        string directory = Path.Combine(Checkout.Root, "artifacts", "measured");
        Directory.CreateDirectory(directory);
        File.AppendAllText(Path.Combine(directory, scenario), figures.ReplaceLineEndings(" ").Replace('|', '/') + "\n");
    }
}
