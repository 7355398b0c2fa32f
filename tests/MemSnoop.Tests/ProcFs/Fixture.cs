namespace MemSnoop.Tests.ProcFs;

/// <summary>The fixture tree beside the test executable.</summary>
internal static class Fixture
{
    public static string ProcRoot { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures", "proc");

    /// <summary>What the kernel says of generations and reclaim, outside of procfs.</summary>
    public static string ReclaimRoot { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures", "reclaim");

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(ProcRoot, name));

    /// <summary>Every file called <paramref name="name"/>, with its process's folder.</summary>
    public static IEnumerable<byte[]> ReadAll(string name)
    {
        string[] files = Directory.GetFiles(ProcRoot, name, SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        return files.Select(File.ReadAllBytes);
    }
}
