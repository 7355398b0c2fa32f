namespace MemSnoop.Exporter.Tests.Packaging;

/// <summary>Two builds of one commit, in two directories.</summary>
public sealed class ReproducibleTests
{
    private const string Scenario = "reproducible-build";

    // Two minutes each where nobody else builds.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(40);

    [Fact]
    [LongTier(Scenario)]
    public async Task Program_archive_and_package_have_the_same_bytes()
    {
        using TemporaryDirectory directory = new();
        CommandResult result = await Command.TryRunAsync(Path.Combine(Checkout.Root, "tests", "reproducible.sh"), [directory["builds"]], Deadline);
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Measured.Note(Scenario, $"program, archive, package and sums of two builds are equal; SHA-256 of the program begins with {lines[0][..16]}");
    }
}
