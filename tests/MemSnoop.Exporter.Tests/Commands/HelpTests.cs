using System.CommandLine;
using MemSnoop.Exporter.Commands;

namespace MemSnoop.Exporter.Tests.Commands;

public class HelpTests
{
    /// <summary>Set to 1, this variable makes the golden tests write what they would compare.</summary>
    private const string UpdateVariable = "MEMSNOOP_UPDATE_GOLDEN";

    [Theory]
    [InlineData("help.txt", "--help")]
    [InlineData("help-serve.txt", "serve", "--help")]
    [InlineData("help-trace.txt", "trace", "--help")]
    [InlineData("help-wss.txt", "wss", "--help")]
    [InlineData("help-containers.txt", "containers", "--help")]
    [InlineData("help-report.txt", "report", "--help")]
    [InlineData("help-check.txt", "check", "-h")]
    [InlineData("help-events.txt", "events", "--help")]
    [InlineData("help-thp.txt", "thp", "--help")]
    [InlineData("help-completion.txt", "completion", "--help")]
    public async Task Help_reads_as_the_golden_file(string golden, params string[] arguments)
    {
        var run = new CommandLineRun();
        Assert.Equal(0, await run.RunAsync(arguments));
        Assert.Empty(run.Error.ToString());
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            await File.WriteAllTextAsync(Repository.Golden(golden), run.Output.ToString(), TestContext.Current.CancellationToken);
        }

        Assert.Equal(await File.ReadAllTextAsync(Repository.Golden(golden), TestContext.Current.CancellationToken), run.Output.ToString());
    }

    [Fact]
    public async Task Every_option_is_documented()
    {
        foreach (MemSnoopCommand command in CommandLine.Commands)
        {
            var run = new CommandLineRun();
            await run.RunAsync(command.Name, "--help");
            string help = run.Output.ToString();
            Assert.All(
                command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)),
                name => Assert.True(IsShown(help, name), $"{command.Name} {name}"));
            Assert.All(command.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), option.Name));
            Assert.All(command.Arguments, argument => Assert.Contains($"  {argument.Name} ", help, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--pid", "1", "--help")]
    [InlineData("serve", "--nonsense", "--help")]
    [InlineData("-?", "serve")]
    public async Task Help_comes_whatever_else_is_asked(params string[] arguments)
    {
        var run = new CommandLineRun();
        Assert.Equal(0, await run.RunAsync(arguments));
        Assert.Contains("Usage:\n  memsnoop [serve] [OPTIONS]", run.Output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_names_version_revision_and_runtime()
    {
        var run = new CommandLineRun();
        Assert.Equal(0, await run.RunAsync("--version"));
        Assert.Matches(@"^memsnoop \d+\.\d+\.\d+ \(revision ([0-9a-f]{7,40}|unknown), \.NET \d+\.\d+\.\d+, linux-\w+\)\n$", run.Output.ToString());
    }

    private static bool IsShown(string help, string name)
    {
        string toggle = name.StartsWith("--no-", StringComparison.Ordinal) ? name[5..] : name[2..];
        string[] words = help.Split([' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return words.Contains(name) || words.Contains($"--[no-]{toggle}");
    }
}
