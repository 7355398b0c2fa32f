using System.Globalization;
using Xunit.v3;

namespace MemSnoop.Testing;

/// <summary>A test that does harm on purpose. <c>tests/run.sh --long reliability</c> runs all of them and writes the table of <c>docs/reliability.md</c> from what they note.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class ReliabilityAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("scenario", "reliability")];
}

/// <summary>The rows of the table.</summary>
internal static class Reliability
{
    /// <summary>Something breaks.</summary>
    internal const string Fault = "fault";

    /// <summary>Something else is read than was expected.</summary>
    internal const string Input = "input";

    /// <summary>There is much of it.</summary>
    internal const string Load = "load";

    /// <summary>Notes what a test has seen: a row, which replaces the one of the same kind and words.</summary>
    /// <param name="kind">One of the constants.</param>
    /// <param name="what">What was done, in words that are the same in every run.</param>
    /// <param name="much">How much of it.</param>
    /// <param name="back">How long it took until all was as before.</param>
    /// <param name="lost">What was lost.</param>
    internal static void Note(string kind, string what, string much, string back, string lost)
    {
        string row = string.Join(" | ", new[] { kind, what, much, back, lost }.Select(static text => text.ReplaceLineEndings(" ").Replace('|', '/')));
        TestContext.Current.TestOutputHelper?.WriteLine(row);
        string directory = Path.Combine(Checkout.Root, "artifacts", "reliability");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, string.Concat($"{kind} {what}".Select(static letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'))), row + "\n");
    }

    /// <summary>A time for the table.</summary>
    internal static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:F2} s");
}
