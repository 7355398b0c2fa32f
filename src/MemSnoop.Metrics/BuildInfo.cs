using System.Reflection;
using System.Runtime.InteropServices;

namespace MemSnoop.Metrics;

/// <summary>Which build this is.</summary>
internal static class BuildInfo
{
    private static readonly string[] Informational =
        (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+', 2);

    /// <summary>The version: <c>0.1.0</c>.</summary>
    public static string Version => Informational[0];

    /// <summary>The commit it was built from, or <c>unknown</c> outside a repository.</summary>
    public static string Revision => Informational.Length == 2 ? Informational[1] : "unknown";

    /// <summary>The runtime it runs on: <c>.NET 10.0.9, linux-x64</c>.</summary>
    public static string Runtime => $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}";
}
