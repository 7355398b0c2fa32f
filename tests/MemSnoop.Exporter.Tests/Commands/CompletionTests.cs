using System.Text.RegularExpressions;
using MemSnoop.Exporter.Commands;

namespace MemSnoop.Exporter.Tests.Commands;

/// <summary><c>memsnoop completion</c>: real shells complete with its scripts, and these know what <c>--help</c> shows.</summary>
public sealed partial class CompletionTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();

    /// <summary>What is typed before the tabulator, and what is on the line after it.</summary>
    public static TheoryData<string, string, string> Lines
    {
        get
        {
            TheoryData<string, string, string> lines = [];
            foreach (string shell in (string[])["bash", "zsh"])
            {
                lines.Add(shell, "memsnoop tr", "memsnoop trace");
                lines.Add(shell, "memsnoop trace --mea", "memsnoop trace --measure");
                lines.Add(shell, "memsnoop --log.level d", "memsnoop --log.level debug");
                lines.Add(shell, "memsnoop serve --method=pa", "memsnoop serve --method=page_idle");
                lines.Add(shell, "memsnoop thp mad", "memsnoop thp madvise");
                lines.Add(shell, "memsnoop report /etc/os-rel", "memsnoop report /etc/os-release");
                lines.Add(shell, "memsnoop --sysfs /sys/kern", "memsnoop --sysfs /sys/kernel");
            }

            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task A_shell_completes_what_is_unambiguous(string shell, string typed, string completed)
    {
        string script = await WriteAsync(shell);
        string driver = Path.Combine(Checkout.Root, "tests", "MemSnoop.Exporter.Tests", "Commands", "press-tab.zsh");
        await Command.RunAsync("zsh", ["-f", driver, shell, script, typed, completed], Deadline);
    }

    [Theory]
    [InlineData("memsnoop tr", "trace")]
    [InlineData("memsnoop trace --mea", "--measure")]
    [InlineData("memsnoop --log.level d", "debug")]
    [InlineData("memsnoop serve --method=pa", "--method=page_idle")]
    [InlineData("memsnoop thp mad", "madvise")]
    [InlineData("memsnoop report /etc/os-rel", "/etc/os-release")]
    [InlineData("memsnoop completion z", "zsh")]
    public async Task Fish_completes_the_same(string typed, string completed)
    {
        string script = await WriteAsync("fish");
        string offered = await Command.RunAsync("env", [$"HOME={_directory.Root}", "fish", "--no-config", "-c", $"source {script}; complete -C '{typed}'"], Deadline);
        Assert.Equal(completed, Assert.Single(offered.TrimEnd().Split('\n')).Split('\t')[0]);
    }

    [Fact]
    public async Task Scripts_have_the_options_of_the_help()
    {
        string bash = await File.ReadAllTextAsync(await WriteAsync("bash"), TestContext.Current.CancellationToken);
        string zsh = await File.ReadAllTextAsync(await WriteAsync("zsh"), TestContext.Current.CancellationToken);
        string fish = await File.ReadAllTextAsync(await WriteAsync("fish"), TestContext.Current.CancellationToken);
        foreach (string command in CommandLine.Commands.Select(static command => command.Name))
        {
            string[] shown = await ShownAsync(command);
            Assert.NotEmpty(shown);
            Assert.Equal(shown, Sorted(Regex.Match(bash, $@"(?m)^    {command}\) options='(.*)' ;;$").Groups[1].Value.Split(' ')));
            string specifications = Regex.Match(zsh, $@"(?s)\n    {command}\) _arguments(.*?);;").Groups[1].Value;
            Assert.Equal(shown, Sorted(ZshName().Matches(specifications).Select(static name => name.Groups[1].Value)));
            Assert.Equal(shown, Sorted(Regex.Matches(fish, $@"__memsnoop_is {command}' -(l|s) (\S+)").Select(static name => (name.Groups[1].Value == "l" ? "--" : "-") + name.Groups[2].Value)));
        }
    }

    [Theory]
    [InlineData("completion: SHELL", "completion")]
    [InlineData("'tcsh' is not a shell", "completion", "tcsh")]
    public async Task Another_shell_is_one_line_that_names_those_there_are(string problem, params string[] arguments)
    {
        CommandLineRun run = new();
        Assert.Equal(ExitCode.Usage, await run.RunAsync(arguments));
        Assert.Contains(problem.Split(": ")[^1], run.Error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("expected one of bash, zsh, fish\n", run.Error.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private async Task<string> WriteAsync(string shell)
    {
        CommandLineRun run = new();
        Assert.Equal(0, await run.RunAsync("completion", shell));
        return _directory.Write($"{shell}/_memsnoop", run.Output.ToString());
    }

    /// <summary>The options in the left column of the help: both of <c>--[no-]NAME</c>, and without <c>-?</c>, which a shell would expand.</summary>
    private static async Task<string[]> ShownAsync(string command)
    {
        CommandLineRun run = new();
        await run.RunAsync(command, "--help");
        IEnumerable<string> rows = run.Output.ToString().Split('\n').TakeWhile(static line => !line.StartsWith("Only in", StringComparison.Ordinal))
            .Where(static line => line.StartsWith("  -", StringComparison.Ordinal));
        return Sorted(rows.SelectMany(static row => row.Trim().Split("  ")[0].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
            .Where(static word => word[0] == '-' && word != "-?")
            .SelectMany(static word => word.StartsWith("--[no-]", StringComparison.Ordinal) ? (string[])[$"--{word[7..]}", $"--no-{word[7..]}"] : [word]));
    }

    private static string[] Sorted(IEnumerable<string> names) => [.. names.Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"\n +'\*(-[^=\[]+)=?\[")]
    private static partial Regex ZshName();
}
