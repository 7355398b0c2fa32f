using System.Xml.Linq;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>What the checkout says it builds.</summary>
internal static class Release
{
    /// <summary>The version of everything that is built: <c>0.1.0</c>.</summary>
    public static string Version { get; } = Property("Directory.Build.props", "Version");

    /// <summary>The framework it is built for: <c>net10.0</c>.</summary>
    public static string TargetFramework { get; } = Property("Directory.Build.props", "TargetFramework");

    /// <summary>The name of the program's file: <c>memsnoop</c>.</summary>
    public static string Program { get; } = Property("src/MemSnoop.Exporter/MemSnoop.Exporter.csproj", "AssemblyName");

    private static string Property(string project, string name) =>
        Assert.Single(XDocument.Load(Path.Combine(Checkout.Root, project)).Descendants(name)).Value;
}
