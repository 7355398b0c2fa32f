using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Exporter.Tests.Deploy;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Tests.Packaging;

/// <summary>What <c>make package</c> makes of the native program: its contents, and what Debian's tools say of it. <see cref="PackageTests"/> has the libraries.</summary>
[OrdinaryTier]
[Collection(PackagesCollection.Name)]
public sealed partial class DistributionTests(Packages made)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static IEnumerable<string> Dashboards => Names("grafana", "dashboards", "*.json");

    private static IEnumerable<string> Rules => Names("deploy/prometheus", "rules", "*.yml");

    private static string Unit => File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "systemd", "memsnoop.service"));

    [Fact]
    public async Task Sums_are_those_of_the_packages()
    {
        await Command.RunAsync("sh", ["-c", $"cd {made.Directory} && sha256sum --strict -c SHA256SUMS"], Deadline);
        Assert.Equal([made.Archive, made.Package], (await File.ReadAllLinesAsync(made["SHA256SUMS"], TestContext.Current.CancellationToken)).Select(static line => line[66..]));
    }

    [Fact]
    public async Task Archive_has_a_program_that_runs_and_all_that_a_package_would_install()
    {
        string name = made.Archive[..^".tar.gz".Length];
        string listing = await Command.RunAsync("tar", ["-tvzf", made[made.Archive], "--owner=0", "--group=0"], Deadline);
        Assert.Equal(
            [
                "-rw-r--r-- CHANGELOG.md", "-rw-r--r-- COPYRIGHT", "-rw-r--r-- LICENSE", "-rw-r--r-- README.md", "-rw-r--r-- THIRD-PARTY-NOTICES",
                "-rw-r--r-- completions/_memsnoop", "-rw-r--r-- completions/memsnoop.bash", "-rw-r--r-- completions/memsnoop.fish",
                .. Dashboards.Select(static name => $"-rw-r--r-- dashboards/{name}"), "-rw-r--r-- man/memsnoop.1", "-rw-r--r-- man/memsnoop.json.5",
                "-rw-r--r-- memsnoop.cdx.json", "-rw-r--r-- memsnoop.json", "-rw-r--r-- memsnoop.service", .. Rules.Select(static name => $"-rw-r--r-- rules/{name}"), "-rwxr-xr-x memsnoop",
            ],
            Entries(listing, $"{name}/"));

        await Command.RunAsync("tar", ["-xzf", made[made.Archive], "-C", made.Directory], Deadline);
        Assert.StartsWith($"memsnoop {Release.Version} ", await Command.RunAsync(made[$"{name}/memsnoop"], ["--version"], Deadline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Package_has_the_files_and_the_fields_that_Debian_wants()
    {
        string listing = await Command.RunAsync("dpkg-deb", ["-c", made[made.Package]], Deadline);
        Assert.Equal(
            [
                "-rw-r--r-- etc/memsnoop/memsnoop.json", "-rw-r--r-- usr/lib/systemd/system/memsnoop.service", "-rw-r--r-- usr/share/bash-completion/completions/memsnoop",
                "-rw-r--r-- usr/share/doc/memsnoop/CHANGELOG.md.gz", "-rw-r--r-- usr/share/doc/memsnoop/THIRD-PARTY-NOTICES.gz", "-rw-r--r-- usr/share/doc/memsnoop/changelog.gz",
                "-rw-r--r-- usr/share/doc/memsnoop/copyright", "-rw-r--r-- usr/share/doc/memsnoop/memsnoop.cdx.json.gz",
                "-rw-r--r-- usr/share/fish/vendor_completions.d/memsnoop.fish", "-rw-r--r-- usr/share/lintian/overrides/memsnoop", "-rw-r--r-- usr/share/man/man1/memsnoop.1.gz",
                "-rw-r--r-- usr/share/man/man5/memsnoop.json.5.gz", .. Dashboards.Select(static name => $"-rw-r--r-- usr/share/memsnoop/dashboards/{name}"),
                .. Rules.Select(static name => $"-rw-r--r-- usr/share/memsnoop/rules/{name}"), "-rw-r--r-- usr/share/zsh/vendor-completions/_memsnoop", "-rwxr-xr-x usr/bin/memsnoop",
            ],
            Entries(listing, "./"));
        Assert.DoesNotMatch("(?m)^..........  ?(?!root/root)", listing);

        string fields = await Command.RunAsync("dpkg-deb", ["-f", made[made.Package], "Package", "Version", "Architecture", "Depends"], Deadline);
        Assert.Matches($@"^Package: memsnoop\nVersion: {Regex.Escape(Release.Version)}\nArchitecture: amd64\nDepends: libc6 \(>= 2\.\d+\)\n$", fields);
        Assert.Equal("/etc/memsnoop/memsnoop.json\n", await Command.RunAsync("dpkg-deb", ["-I", made[made.Package], "conffiles"], Deadline));
    }

    [Fact]
    public async Task Lintian_finds_nothing()
    {
        CommandResult lintian = await Command.TryRunAsync("lintian", ["--allow-root", "--fail-on", "error,warning", "--pedantic", made[made.Package]], Deadline);
        Assert.True(lintian.ExitCode == 0, lintian.Output + lintian.Error);
        Assert.Equal("", lintian.Output);
    }

    /// <summary>In a root of its own, without systemd. With it: <c>tests/kernel</c>.</summary>
    [Fact]
    public async Task Package_is_installed_removed_and_purged()
    {
        string root = made["root"];
        Directory.CreateDirectory(made["root/var/lib/dpkg"]);
        await File.WriteAllTextAsync(made["root/var/lib/dpkg/status"], "", TestContext.Current.CancellationToken);
        await DpkgAsync("--install", made[made.Package]);
        string wanted = made["root/etc/systemd/system/multi-user.target.wants/memsnoop.service"];
        Assert.Equal("/lib/systemd/system/memsnoop.service", new FileInfo(wanted).LinkTarget?.Replace("/usr/lib", "/lib", StringComparison.Ordinal));

        await File.WriteAllTextAsync(made["root/etc/memsnoop/client.pem"], "", TestContext.Current.CancellationToken);
        await DpkgAsync("--remove", "memsnoop");
        Assert.True(File.Exists(made["root/etc/memsnoop/memsnoop.json"]));
        Assert.False(File.Exists(made["root/usr/bin/memsnoop"]));

        await DpkgAsync("--purge", "memsnoop");
        Assert.False(Path.Exists(made["root/etc/memsnoop"]));
        Assert.False(Path.Exists(wanted));

        Task<string> DpkgAsync(params string[] what) => Command.RunAsync("dpkg", [$"--root={root}", "--force-depends", "--force-script-chrootless", .. what], Deadline);
    }

    [Fact]
    public async Task Unit_is_understood_and_shut_in()
    {
        string unit = Path.Combine(made.Directory, "memsnoop.service");
        await File.WriteAllTextAsync(unit, Unit.Replace("/usr/bin/memsnoop", Repository.Executable, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        CommandResult verified = await Command.TryRunAsync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", unit], Deadline);
        Assert.DoesNotContain("memsnoop.service", verified.Output + verified.Error, StringComparison.Ordinal);

        // In tenths; without any option it would be 96. A version of systemd that knows more options counts more.
        await Command.RunAsync("systemd-analyze", ["security", "--offline=yes", "--threshold=35", "--no-pager", unit], Deadline);
    }

    [Fact]
    public void Unit_gives_the_rights_that_measurements_name()
    {
        IEnumerable<string> named = MeasurementCatalogue.Published.SelectMany(static measurement => measurement.Sources)
            .SelectMany(static source => source.Capabilities).Distinct().Select(static capability => capability.ToWord());
        string given = Assert.Single(Regex.Matches(Unit, "(?m)^CapabilityBoundingSet=(.*)$")).Groups[1].Value;
        Assert.Equal(named.Order(StringComparer.Ordinal), given.Split(' ').Order(StringComparer.Ordinal));
    }

    /// <summary>As it is, and with all that is commented out in it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Settings_of_the_service_are_right(bool areAllOn)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "systemd", "memsnoop.json"), TestContext.Current.CancellationToken);
        string file = made[$"memsnoop-{areAllOn}.json"];
        string[] examples = [.. Example().Matches(text).Select(static example => example.Value)];
        Assert.True(examples.Length >= 4);
        await File.WriteAllTextAsync(file, areAllOn ? Example().Replace(text, "$1$2") : text, TestContext.Current.CancellationToken);
        Assert.Equal(areAllOn ? "http://localhost:4318/" : "", new CommandLineRun().Options("serve", "--config", file).Otlp.Endpoint?.ToString() ?? "");
    }

    private static IEnumerable<string> Names(string parent, string directory, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Checkout.Root, parent, directory), pattern).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private static string[] Entries(string listing, string below) =>
    [
        .. listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != 'd')
            .Select(line => $"{line[..10]} {line[(line.IndexOf(below, StringComparison.Ordinal) + below.Length)..]}").Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex("""(?m)^( +)// (".*)$""")]
    private static partial Regex Example();
}
