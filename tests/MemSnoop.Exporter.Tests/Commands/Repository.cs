namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>Where things are in the source tree this test was built from.</summary>
internal static class Repository
{
    /// <summary>The program as it is shipped: native, from <c>make native</c>, which the test command runs.</summary>
    public static string Executable { get; } = Path.Combine(Checkout.Root, "artifacts", "native", "memsnoop");

    /// <summary>The same program as built beside these tests, in the same configuration: it needs the runtime.</summary>
    public static string FrameworkDependent { get; } =
        Path.Combine(Checkout.Root, "artifacts", "bin", "MemSnoop.Exporter", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "memsnoop");

    public static string Golden(string name) => Path.Combine(Checkout.Root, "tests", "MemSnoop.Exporter.Tests", "Commands", "Golden", name);
}
