using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Contract;

/// <summary>Nothing that others build on changes unseen: docs/upgrades.md has the promise.</summary>
[Collection(EndToEndCollection.Name)]
public class ContractTests
{
    /// <summary>Of the program as it is.</summary>
    private static string CurrentFile => Path.Combine(Checkout.Root, "docs", "contract", "current.txt");

    /// <summary>Of the last release; before the first one, of the day on which the promise was made.</summary>
    private static string ReleasedFile => Path.Combine(Checkout.Root, "docs", "contract", "released.txt");

    [Fact]
    public async Task The_committed_contract_is_that_of_the_program()
    {
        using TemporaryDirectory run = new();
        using Workload target = await Workload.StartAsync("touch", "--resident", "4");
        string[] made = await Contract.MakeAsync(target.Pid, run["memsnoop"]);
        if (Environment.GetEnvironmentVariable("RENEW_CONTRACT") == "1")
        {
            await File.WriteAllLinesAsync(CurrentFile, made, TestContext.Current.CancellationToken);
        }

        string[] committed = await File.ReadAllLinesAsync(CurrentFile, TestContext.Current.CancellationToken);
        Assert.True(
            made.SequenceEqual(committed),
            $"docs/contract/current.txt differs from the program. Only the file has:\n{string.Join('\n', committed.Except(made))}\nOnly the program has:\n"
            + $"{string.Join('\n', made.Except(committed))}\nIf that is meant, run this test with RENEW_CONTRACT=1 and say so in CHANGELOG.md.");
    }

    [Fact]
    public async Task What_has_changed_since_the_last_release_is_in_the_changelog()
    {
        string[] changed = Contract.Changed(
            await File.ReadAllLinesAsync(ReleasedFile, TestContext.Current.CancellationToken), await File.ReadAllLinesAsync(CurrentFile, TestContext.Current.CancellationToken));
        string changelog = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "CHANGELOG.md"), TestContext.Current.CancellationToken);
        string unreleased = changelog.Split("\n## ")[1];
        Assert.StartsWith("[Unreleased]", unreleased, StringComparison.Ordinal);
        Assert.All(changed, name => Assert.Matches($"`[^`\\n]*{Regex.Escape(name)}[^`\\n]*`", unreleased));
    }

    [Fact]
    public void A_line_that_came_went_or_changed_is_a_change()
    {
        Assert.Equal(
            ["--new", "--old", "MemSnoop:Key", "a_total", "fresh", "items[].name"],
            Contract.Changed(
                ["series a_total counter s {pid}", "series b gauge By {}", "key MemSnoop:Key value", "option serve --old flag", "json check items[].name"],
                ["series a_total counter s {comm,pid}", "series b gauge By {}", "key MemSnoop:Key list", "option serve --new flag", "command fresh", "option fresh --json flag"]));
    }
}
