namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>Where things are in the source tree this test was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The program as built beside these tests, in the same configuration.</summary>
    public static string Executable { get; } =
        Path.Combine(Root, "artifacts", "bin", "MemSnoop.Exporter", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "memsnoop");

    public static string Golden(string name) => Path.Combine(Root, "tests", "MemSnoop.Exporter.Tests", "Commands", "Golden", name);

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "MemSnoop.Exporter.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests run outside their repository.");
    }
}
