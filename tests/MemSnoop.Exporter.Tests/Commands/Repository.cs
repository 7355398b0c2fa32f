namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>Where things are in the source tree this test was built from.</summary>
internal static class Repository
{
    /// <summary>The program as built beside these tests, in the same configuration.</summary>
    public static string Executable { get; } =
        Path.Combine(Checkout.Root, "artifacts", "bin", "MemSnoop.Exporter", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "memsnoop");

    public static string Golden(string name) => Path.Combine(Checkout.Root, "tests", "MemSnoop.Exporter.Tests", "Commands", "Golden", name);
}
