using System.IO.Compression;
using System.Xml.Linq;

namespace MemSnoop.Exporter.Tests.Packaging;

/// <summary>The packages as <c>dotnet pack</c> makes them of what was built, looked into.</summary>
[OrdinaryTier]
public sealed class PackageTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("MemSnoop", "MemSnoop.Core", new string[0])]
    [InlineData(
        "MemSnoop.Metrics", "MemSnoop.Metrics",
        new[]
        {
            "MemSnoop.Core", "Microsoft.Extensions.Configuration.Abstractions", "Microsoft.Extensions.Diagnostics.Abstractions", "Microsoft.Extensions.Hosting.Abstractions",
            "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options",
        })]
    [InlineData("MemSnoop.Metrics.OpenTelemetry", "MemSnoop.Metrics.OpenTelemetry", new[] { "MemSnoop.Metrics", "OpenTelemetry.Api.ProviderBuilderExtensions" })]
    public async Task A_package_has_its_licence_its_page_its_symbols_and_no_dependency_more(string project, string id, string[] dependencies)
    {
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        CommandResult pack = await Command.TryRunAsync(
            "dotnet",
            ["pack", Path.Combine(Checkout.Root, "src", project), "-c", configuration == "debug" ? "Debug" : "Release", "--no-build", "-o", _directory.Root, "-nodeReuse:false", "--nologo"],
            Deadline);
        Assert.True(pack.ExitCode == 0, pack.Output + pack.Error);
        Assert.DoesNotContain("warning", pack.Output, StringComparison.OrdinalIgnoreCase);

        string package = Assert.Single(Directory.GetFiles(_directory.Root, "*.nupkg"));
        using ZipArchive archive = ZipFile.OpenRead(package);
        string[] files = [.. archive.Entries.Select(static entry => entry.FullName)];
        Assert.Contains("README.md", files);
        Assert.Contains($"lib/net10.0/{id}.dll", files);
        Assert.Contains($"lib/net10.0/{id}.xml", files);

        using Stream text = archive.GetEntry($"{id}.nuspec")!.Open();
        XElement metadata = XDocument.Load(text).Root!.Elements().Single(static element => element.Name.LocalName == "metadata");
        Assert.Equal(id, Value("id"));
        Assert.Equal("MIT", Value("license"));
        Assert.Equal("expression", Element("license").Attribute("type")!.Value);
        Assert.Equal("README.md", Value("readme"));
        Assert.NotEmpty(Value("description"));
        Assert.Contains("working-set", Value("tags").Split(' '));
        Assert.Equal(
            dependencies.Order(StringComparer.Ordinal),
            metadata.Descendants().Where(static element => element.Name.LocalName == "dependency").Select(static element => element.Attribute("id")!.Value).Order(StringComparer.Ordinal));

        using ZipArchive symbols = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(_directory.Root, "*.snupkg")));
        Assert.Contains(symbols.Entries, entry => entry.FullName == $"lib/net10.0/{id}.pdb");

        XElement Element(string name) => metadata.Elements().Single(element => element.Name.LocalName == name);
        string Value(string name) => Element(name).Value;
    }

    public void Dispose() => _directory.Dispose();
}
