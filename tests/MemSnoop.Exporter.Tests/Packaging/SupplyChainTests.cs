using System.IO.Compression;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Deploy;

namespace MemSnoop.Exporter.Tests.Packaging;

/// <summary>What is built of others: which packages, by which licences, and that nothing else gets in unnoticed (<c>docs/supply-chain.md</c>).</summary>
[SupportedOSPlatform("linux")]
[OrdinaryTier]
[Collection(PackagesCollection.Name)]
public sealed class SupplyChainTests(Packages made)
{
    // What only builds is in the lock files too.
    private static readonly string[] Builders = ["Microsoft.CodeAnalysis.BannedApiAnalyzers", "Microsoft.DotNet.ILCompiler", "Microsoft.NET.ILLink.Tasks"];

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>A build restores the packages that are named there with these hashes, from whatever source this machine has.</summary>
    [Fact]
    public void Every_project_has_a_lock_file_that_names_versions_and_hashes_and_no_source()
    {
        string[] projects = [.. Projects().Where(static project => (string?)XDocument.Load(project).Descendants("RestorePackagesWithLockFile").SingleOrDefault() != "false")];
        Assert.Equal(["MemSnoop.Benchmarks"], Projects().Except(projects).Select(static project => Path.GetFileNameWithoutExtension(project)));
        foreach (string file in projects.Select(static project => Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")).Concat(LocksOfTheProgram()))
        {
            string text = File.ReadAllText(file);
            Assert.DoesNotContain("://", text, StringComparison.Ordinal);
            Assert.All(Locked(text), static package => Assert.Equal(64, Convert.FromBase64String((string)package.Value["contentHash"]!).Length));
        }
    }

    /// <summary>Each machine that the program is built for has the same packages, but for the compiler that runs there.</summary>
    [Fact]
    public void Every_machine_has_the_same_packages()
    {
        string[] sets = [.. LocksOfTheProgram().Select(static file => string.Join('\n', Locked(File.ReadAllText(file))
            .Where(static package => !package.Key.StartsWith("runtime.", StringComparison.Ordinal))
            .Select(static package => $"{package.Key} {package.Value["resolved"]}").Order(StringComparer.Ordinal)))];
        Assert.Equal(2, sets.Length);
        Assert.Single(sets.Distinct());
    }

    [Fact]
    public async Task Bill_of_materials_keeps_to_the_schema_and_names_what_is_locked()
    {
        string file = await BillAsync();
        CommandResult check = await Command.TryRunAsync(Path.Combine(Checkout.Root, "tests", "sbom", "check.sh"), [file], Deadline);
        Assert.True(check.ExitCode == 0, check.Output + check.Error);

        JsonObject bill = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsObject();
        JsonNode program = bill["metadata"]!["component"]!;
        Assert.Equal(("memsnoop", Release.Version), ((string?)program["name"], (string?)program["version"]));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Repository.Executable, TestContext.Current.CancellationToken))), (string?)program["hashes"]![0]!["content"]);

        JsonObject[] components = [.. bill["components"]!.AsArray().Select(static component => component!.AsObject())];
        Assert.All(components, static component => Assert.NotEmpty((string?)component["licenses"]![0]!["expression"] ?? ""));
        IEnumerable<string> locked = Locked(await File.ReadAllTextAsync(LocksOfTheProgram().Single(static path => path.Contains("x64", StringComparison.Ordinal)), TestContext.Current.CancellationToken))
            .Select(static package => $"pkg:nuget/{package.Key}@{package.Value["resolved"]}");
        string runtime = Assert.Single(XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props")).Descendants("RuntimePackVersion")).Value;
        Assert.Equal(
            locked.Concat(
            [
                "pkg:npm/uplot@1.6.32", $"pkg:nuget/Microsoft.AspNetCore.App.Runtime.linux-x64@{runtime}", $"pkg:nuget/Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64@{runtime}",
            ]).Order(StringComparer.Ordinal),
            components.Select(static component => (string)component["purl"]!).Order(StringComparer.Ordinal));
        Assert.All(components, static component => Assert.Equal(
            Builders.Any(builder => ((string)component["name"]!).EndsWith(builder, StringComparison.Ordinal)) ? "excluded" : "required", (string?)component["scope"]));

        // The hash is that of the package itself.
        Assert.Matches("^[0-9a-f]{128}$", (string?)components.Single(static component => (string?)component["name"] == "YamlDotNet")["hashes"]![0]!["content"]);
    }

    [Fact]
    public async Task A_word_that_the_schema_does_not_have_is_found()
    {
        using TemporaryDirectory directory = new();
        string text = await File.ReadAllTextAsync(await BillAsync(), TestContext.Current.CancellationToken);
        string wrong = directory.Write("wrong.json", text.Replace("\"licenses\"", "\"licences\"", StringComparison.Ordinal));
        CommandResult check = await Command.TryRunAsync(Path.Combine(Checkout.Root, "tests", "sbom", "check.sh"), [wrong], Deadline);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("licences", check.Output, StringComparison.Ordinal);
    }

    /// <summary>Whose work is compiled in is named in the package, with the licence that its own package names.</summary>
    [Fact]
    public async Task Copyright_names_everybody_whose_work_is_compiled_in()
    {
        string copyright = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "debian", "copyright"), TestContext.Current.CancellationToken);
        JsonNode bill = JsonNode.Parse(await File.ReadAllTextAsync(await BillAsync(), TestContext.Current.CancellationToken))!;
        foreach (JsonNode? component in bill["components"]!.AsArray().Where(static component => (string?)component!["scope"] == "required"))
        {
            string name = (string)component!["name"]!;
            string author = name.Split('.')[0] switch
            {
                "Microsoft" or "System" => ".NET Foundation",
                "uplot" => "uPlot",
                string other => other,
            };
            Assert.Contains(author, copyright, StringComparison.Ordinal);
            string licence = ((string)component["licenses"]![0]!["expression"]!).Split(' ')[0];
            Assert.Contains($"\nLicense: {licence}\n", copyright, StringComparison.Ordinal);
            foreach (JsonNode? part in component["components"]?.AsArray() ?? [])
            {
                Assert.Contains((string)part!["name"]!, copyright, StringComparison.Ordinal);
            }
        }

        // What .NET itself brings along of others.
        string notices = await Command.RunAsync("tar", ["-xzOf", made[made.Archive], $"{made.Archive[..^".tar.gz".Length]}/THIRD-PARTY-NOTICES"], Deadline);
        Assert.Contains("License notice for Brotli", notices, StringComparison.Ordinal);
        Assert.Contains("License notice for zlib-ng", notices, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sums_are_signed_and_a_change_is_noticed()
    {
        using TemporaryDirectory directory = new();
        string Copy(string name)
        {
            File.Copy(made[name], directory[name]);
            return directory[name];
        }

        Copy("SHA256SUMS");
        Copy(made.Archive);
        string package = Copy(made.Package);
        string key = directory["key"];
        await Command.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], Deadline);
        await SignAsync(0, "ssh", key);
        directory.Write("signers", $"releases@example.com {await File.ReadAllTextAsync(key + ".pub", TestContext.Current.CancellationToken)}");
        string verify = $"cd {directory.Root} && ssh-keygen -Y verify -f signers -I releases@example.com -n memsnoop-release -s SHA256SUMS.sig <SHA256SUMS";
        await Command.RunAsync("sh", ["-c", verify], Deadline);

        string home = Directory.CreateDirectory(directory["gnupg"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        string[] gpg = ["gpg", "--quiet", "--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
        await Command.RunAsync("env", [$"GNUPGHOME={home}", .. gpg, "--quick-generate-key", "releases@example.com", "ed25519", "sign", "never"], Deadline);
        await SignAsync(0, "gpg", "releases@example.com", home);
        await Command.RunAsync("env", [$"GNUPGHOME={home}", "gpg", "--quiet", "--verify", directory["SHA256SUMS.asc"], directory["SHA256SUMS"]], Deadline);
        await Command.RunAsync("env", [$"GNUPGHOME={home}", "gpgconf", "--kill", "all"], Deadline);

        // Other sums have no signature, and other files are not signed.
        await File.AppendAllTextAsync(directory["SHA256SUMS"], "\n", TestContext.Current.CancellationToken);
        Assert.NotEqual(0, (await Command.TryRunAsync("sh", ["-c", verify], Deadline)).ExitCode);
        await File.AppendAllTextAsync(package, "x", TestContext.Current.CancellationToken);
        Assert.Contains("other files than SHA256SUMS says", (await SignAsync(2, "ssh", key)).Error, StringComparison.Ordinal);
        Assert.Contains("no such key", (await SignAsync(2, "ssh", key + "s")).Error, StringComparison.Ordinal);

        async Task<CommandResult> SignAsync(int code, string how, string who, string? gnupg = null)
        {
            CommandResult sign = await Command.TryRunAsync(
                "env", [.. gnupg is null ? (string[])[] : [$"GNUPGHOME={gnupg}"], Path.Combine(Checkout.Root, "deploy", "sign.sh"), how, who, directory.Root], Deadline);
            Assert.True(sign.ExitCode == code, sign.Output + sign.Error);
            return sign;
        }
    }

    /// <summary>As it is in the archive; in the package it is the same, compressed.</summary>
    private async Task<string> BillAsync()
    {
        string name = made.Archive[..^".tar.gz".Length];
        await Command.RunAsync("tar", ["-xzf", made[made.Archive], "-C", made.Directory, $"{name}/memsnoop.cdx.json"], Deadline);
        string file = made[$"{name}/memsnoop.cdx.json"];
        await Command.RunAsync("dpkg-deb", ["-x", made[made.Package], made["unpacked"]], Deadline);
        await using GZipStream packed = new(File.OpenRead(made["unpacked/usr/share/doc/memsnoop/memsnoop.cdx.json.gz"]), CompressionMode.Decompress);
        using StreamReader reader = new(packed);
        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        return file;
    }

    private static IEnumerable<string> Projects() => ((string[])["src", "tests", "bench", "samples"])
        .SelectMany(static directory => Directory.EnumerateDirectories(Path.Combine(Checkout.Root, directory)))
        .SelectMany(static directory => Directory.EnumerateFiles(directory, "*.csproj"));

    private static string[] LocksOfTheProgram() => Directory.GetFiles(Path.Combine(Checkout.Root, "src", "MemSnoop.Exporter"), "packages.linux-*.lock.json");

    /// <summary>The packages of a lock file, each once.</summary>
    private static Dictionary<string, JsonNode> Locked(string text) => JsonNode.Parse(text)!["dependencies"]!.AsObject()
        .SelectMany(static target => target.Value!.AsObject()).Where(static package => (string?)package.Value!["type"] != "Project")
        .DistinctBy(static package => package.Key).ToDictionary(static package => package.Key, static package => package.Value!);
}
