using System.CommandLine;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>What shells complete of a command.</summary>
/// <param name="Name">Its word.</param>
/// <param name="Description">One line.</param>
/// <param name="Options">Every name of every option.</param>
/// <param name="Argument">Its first argument, or null.</param>
internal sealed record CompletedCommand(string Name, string Description, IReadOnlyList<CompletedOption> Options, CompletedValue? Argument)
{
    /// <summary>All commands below the program's, with the options that are common to all.</summary>
    public static IReadOnlyList<CompletedCommand> All(Command program)
    {
        CompletedOption[] common = [.. program.Options.SelectMany(static option => CompletedOption.Of(option, []))];
        return [.. program.Subcommands.OfType<MemSnoopCommand>().Select(command => Of(command, common))];
    }

    private static CompletedCommand Of(MemSnoopCommand command, IReadOnlyList<CompletedOption> common) => new(
        command.Name, OneLine(command.Description),
        [
            .. command.Options.Where(static option => !option.Hidden)
                .SelectMany(option => CompletedOption.Of(option, (option as ITextOption)?.Words ?? command.SettingOf(option)?.Words ?? [])),
            .. common,
        ],
        command.Arguments.Count > 0 ? CompletedValue.Of(command.Arguments[0].Name, command.ArgumentWords) : null);

    /// <summary>Without the full stop, as shells show it.</summary>
    internal static string OneLine(string? text) => (text ?? "").Replace('\u00a0', ' ').TrimEnd('.');
}

/// <summary>One name of an option.</summary>
/// <param name="Name">With its dashes.</param>
/// <param name="Description">One line.</param>
/// <param name="Value">Its value, or null if it takes none.</param>
internal sealed record CompletedOption(string Name, string Description, CompletedValue? Value)
{
    public static IEnumerable<CompletedOption> Of(Option option, IReadOnlyList<string> words)
    {
        CompletedValue? value = option.Arity.MaximumNumberOfValues == 0 ? null : CompletedValue.Of(option.HelpName ?? "VALUE", words);
        return option.Aliases.Prepend(option.Name).Where(static name => name != "-?").Select(name => new CompletedOption(name, CompletedCommand.OneLine(option.Description), value));
    }
}

/// <summary>How the value of an option or argument is completed.</summary>
/// <param name="Placeholder">What stands for it in <c>--help</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Words">The words it can be.</param>
internal sealed record CompletedValue(string Placeholder, CompletedKind Kind, IReadOnlyList<string> Words)
{
    public static CompletedValue Of(string placeholder, IReadOnlyList<string> words) => new(
        placeholder,
        words.Count > 0 ? CompletedKind.Word : placeholder.Split(',', '.')[0] switch
        {
            "FILE" => CompletedKind.File,
            "DIRECTORY" => CompletedKind.Directory,
            "PID" => CompletedKind.Process,
            "USER" => CompletedKind.User,
            _ => CompletedKind.Text,
        },
        words);
}

/// <summary>What a value is, as far as shells can complete it.</summary>
internal enum CompletedKind
{
    /// <summary>Nothing that can be completed.</summary>
    Text,

    /// <summary>One of a few words.</summary>
    Word,

    /// <summary>A file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A process id.</summary>
    Process,

    /// <summary>The name of a user.</summary>
    User,
}
