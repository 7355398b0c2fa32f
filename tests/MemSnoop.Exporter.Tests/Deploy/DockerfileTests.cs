using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The <c>Dockerfile</c> against the checkout. It is not built here: its base images come from a registry (deploy/README.md).</summary>
public class DockerfileTests
{
    private readonly Dockerfile _file = Dockerfile.Read();

    [Fact]
    public void Base_images_are_of_the_release_that_the_checkout_asks_for()
    {
        using JsonDocument global = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "global.json")));
        Version sdk = Version.Parse(global.RootElement.GetProperty("sdk").GetProperty("version").GetString()!);
        string release = $"{sdk.Major}.{sdk.Minor}";
        Assert.Equal($"net{release}", Release.TargetFramework);
        Assert.Equal(
            [$"mcr.microsoft.com/dotnet/sdk:{release}-noble-aot AS build", "scratch"], _file.Arguments("FROM"));
    }

    [Fact]
    public void What_it_copies_is_in_the_checkout_and_is_sent_to_the_builder()
    {
        // The file names what is sent, one name a line behind "!"; all else is left out by "*".
        string[] ignored = [.. File.ReadAllLines(Path.Combine(Checkout.Root, ".dockerignore")).Where(static line => line.Length > 0 && line[0] != '#')];
        Assert.Equal("*", ignored[0]);
        HashSet<string> sent = [.. ignored.Where(static line => line[0] == '!').Select(static line => line[1..])];
        Assert.Equal(["**/bin/", "**/obj/"], ignored[1..].Where(static line => line[0] != '!'));

        HashSet<string> copied = [.. Sources()];
        Assert.Equal(sent.Order(), copied.Order());
        Assert.All(copied, static source => Assert.True(Path.Exists(Path.Combine(Checkout.Root, source)), $"{source} is not in the checkout."));

        // A new file at the root that builds read must be copied too.
        string[] builds = [.. Directory.EnumerateFiles(Checkout.Root).Select(static path => Path.GetFileName(path)).Where(static name =>
            name is "global.json" or ".editorconfig" || name.StartsWith("Directory.", StringComparison.Ordinal) || name.EndsWith("Symbols.txt", StringComparison.Ordinal))];
        Assert.Subset(copied, builds.ToHashSet());
    }

    [Fact]
    public void Entry_point_is_the_program_that_is_published()
    {
        string publish = Assert.Single(_file.Arguments("RUN"), static run => run.StartsWith("dotnet ", StringComparison.Ordinal));
        string[] words = publish.Split(' ');
        Assert.Equal(["dotnet", "publish"], words[..2]);
        Assert.True(File.Exists(Path.Combine(Checkout.Root, words[2], "MemSnoop.Exporter.csproj")), publish);
        string output = words[Array.IndexOf(words, "-o") + 1];
        string[] assemble = Assert.Single(_file.Arguments("RUN"), static run => run.StartsWith("deploy/", StringComparison.Ordinal)).Split(' ');
        Assert.Equal($"{output}/{Release.Program}", assemble[1]);
        Assert.Contains($"--from=build {assemble[2]} /", _file.Arguments("COPY"));

        // Without a shell, which the image does not have.
        Assert.Equal([$"[\"/usr/bin/{Release.Program}\"]"], _file.Arguments("ENTRYPOINT"));
        Assert.Equal(Release.Program, Path.GetFileName(Repository.Executable));
        Assert.Empty(_file.Arguments("CMD"));
        Assert.Empty(_file.Arguments("HEALTHCHECK"));
    }

    [Fact]
    public void Image_runs_as_root_and_says_what_it_is()
    {
        Assert.Equal(["0"], _file.Arguments("USER"));
        string labels = Assert.Single(_file.Arguments("LABEL"));
        Assert.Contains($"org.opencontainers.image.version=\"{Release.Version}\"", labels, StringComparison.Ordinal);
        Assert.StartsWith("MIT", File.ReadAllText(Path.Combine(Checkout.Root, "LICENSE")), StringComparison.Ordinal);
        Assert.Contains("org.opencontainers.image.licenses=\"MIT\"", labels, StringComparison.Ordinal);
    }

    private IEnumerable<string> Sources() => _file.Arguments("COPY")
        .Where(static copy => !copy.StartsWith("--from=", StringComparison.Ordinal))
        .SelectMany(static copy => copy.Split(' ')[..^1]);
}
