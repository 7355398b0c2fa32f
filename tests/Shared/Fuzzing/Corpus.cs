namespace MemSnoop.Testing.Fuzzing;

/// <summary>The inputs that are kept in <c>tests/fuzz-corpus</c>: small real files, and every input that has ever broken something.</summary>
internal static class Corpus
{
    private static string Root => Path.Combine(Checkout.Root, "tests", "fuzz-corpus");

    /// <summary>The folders in it.</summary>
    public static IEnumerable<string> Targets => Directory.EnumerateDirectories(Root).Select(static folder => Path.GetFileName(folder));

    /// <summary>The inputs of a target, always in the same order.</summary>
    public static byte[][] Of(FuzzTarget target) =>
        [.. Directory.EnumerateFiles(Path.Combine(Root, target.Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
}
