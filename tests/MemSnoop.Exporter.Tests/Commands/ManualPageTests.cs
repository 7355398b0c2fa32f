using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>The manual pages: they have what commands and settings have, and no formatter finds a fault in them.</summary>
public sealed class ManualPageTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("1")]
    [InlineData("5")]
    public async Task Mandoc_finds_no_fault(string section)
    {
        string page = _directory.Write($"memsnoop.{section}", await PageAsync(section));
        CommandResult lint = await Command.TryRunAsync("mandoc", ["-T", "lint", "-W", "warning", page], Deadline);
        Assert.Equal((0, "", ""), (lint.ExitCode, lint.Output, lint.Error));
    }

    [Fact]
    public async Task Every_command_is_there_with_its_options()
    {
        string page = Plain(await PageAsync("1"));
        string options = Between(page, "\n.SH \"OPTIONS\"\n", "\n.SH ");
        string general = Between(page, "\n.SH \"GENERAL OPTIONS\"\n", "\n.SH ");
        foreach (MemSnoopCommand command in CommandLine.Commands)
        {
            string own = Between(page, $"\n.SS \"memsnoop {command.Usage}\"\n", "\n.S");
            Assert.Contains(command.Description!, own, StringComparison.Ordinal);
            Assert.All(command.OwnOptions, option => Assert.Contains($"\n.TP\n{option.Name}", own, StringComparison.Ordinal));
            Assert.All(command.Arguments, argument => Assert.Contains($"\n.TP\n{argument.Name}\n", own, StringComparison.Ordinal));
            foreach (Setting setting in command.Settings)
            {
                Assert.Contains(setting.Help, options, StringComparison.Ordinal);
                Assert.True(command is ServeCommand || own.Contains(setting.Options.Append(setting.OffOption!).First(), StringComparison.Ordinal), $"{command.Name}: {setting.Path}");
            }

            Assert.All(command.Examples, example => Assert.Contains($"\n.TP\n{example.CommandLine}\n", page, StringComparison.Ordinal));
        }

        Assert.All((string[])["--config", "--help", "--version"], name => Assert.Contains(name, general, StringComparison.Ordinal));
        Assert.DoesNotContain(ManualPage.Option, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_key_is_there()
    {
        string page = Plain(await PageAsync("5"));
        Assert.All(ExporterSettings.Catalogue.All, setting => Assert.Contains($"\n.TP\n{setting.Path}\n{setting.Help}\n.IP\nValue: ", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task There_is_no_other_page()
    {
        CommandLineRun run = new();
        Assert.Equal(ExitCode.Usage, await run.RunAsync(ManualPage.Option, "8"));
        Assert.Equal("memsnoop: --help-man: there is no page '8'; expected 1 or 5\n", run.Error.ToString());
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<string> PageAsync(string section)
    {
        CommandLineRun run = new(("SOURCE_DATE_EPOCH", "1700000000"));
        Assert.Equal(0, await run.RunAsync(ManualPage.Option, section));
        string page = run.Output.ToString();
        Assert.Contains($" {section} 2023-11-14 ", page.Split('\n')[0], StringComparison.Ordinal);
        return page;
    }

    /// <summary>Without the escapes and fonts of roff.</summary>
    private static string Plain(string page)
    {
        (string, string)[] escapes =
            [("\\fB", ""), ("\\fR", ""), ("\\-", "-"), ("\\(dq", "\""), ("\\(ha", "^"), ("\\(ti", "~"), ("\\(ga", "`"), ("\\(aq", "'"), ("|\\:", "|"), ("\\ ", "\u00a0"), ("\\&", ""), ("\\e", "\\")];
        return escapes.Aggregate(page, static (text, escape) => text.Replace(escape.Item1, escape.Item2, StringComparison.Ordinal));
    }

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, $"There is no {start.Trim()}.");
        int to = text.IndexOf(end, from + start.Length, StringComparison.Ordinal);
        return to < 0 ? text[from..] : text[from..to];
    }
}
