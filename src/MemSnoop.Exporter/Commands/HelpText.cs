using System.CommandLine;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>The text of <c>--help</c>, made from the commands and the settings.</summary>
internal static class HelpText
{
    private const int Width = 80;   // the terminal that everybody has
    private const int Column = 30;
    private const char NoBreak = '\u00a0';   // written as a blank

    /// <summary>What the program is for.</summary>
    internal const string Purpose = "measures how much memory each Linux process really uses, not only holds.";

    /// <param name="output">Where to write.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="command">The command in question, or null for the program as a whole.</param>
    /// <param name="commands">All commands.</param>
    /// <param name="common">Options that every command has.</param>
    public static void Write(TextWriter output, string program, MemSnoopCommand? command, IReadOnlyList<MemSnoopCommand> commands, IReadOnlyList<Option> common)
    {
        if (command is null)
        {
            WriteProgram(output, program, commands, common);
        }
        else
        {
            WriteCommand(output, program, command, common);
        }
    }

    private static void WriteProgram(TextWriter output, string program, IReadOnlyList<MemSnoopCommand> commands, IReadOnlyList<Option> common)
    {
        output.WriteLine($"{program} {Purpose}");
        WriteTitle(output, "Usage");
        foreach (MemSnoopCommand each in commands)
        {
            output.WriteLine($"  {program} {each.Usage}");
        }

        WriteTitle(output, "Commands");
        foreach (MemSnoopCommand each in commands)
        {
            WriteRow(output, each.Name, each.Description!);
        }

        WriteTitle(output, "Options");
        WriteOptions(output, common);
        WriteTitle(output, "Examples");
        foreach (MemSnoopCommand each in commands)
        {
            WriteExample(output, each.Examples[0]);
        }

        output.WriteLine();
        output.WriteLine($"'{program} COMMAND --help' shows the options of a command.");
    }

    private static void WriteCommand(TextWriter output, string program, MemSnoopCommand command, IReadOnlyList<Option> common)
    {
        output.WriteLine(command.Description);
        WriteTitle(output, "Usage");
        output.WriteLine($"  {program} {command.Usage}");
        if (command.Arguments.Count > 0)
        {
            WriteTitle(output, "Arguments");
            foreach (Argument argument in command.Arguments)
            {
                WriteRow(output, argument.Name, argument.Description!);
            }
        }

        Option[] own = [.. command.OwnOptions];
        if (own.Length > 0)
        {
            WriteTitle(output, "Options");
            WriteOptions(output, own);
        }

        var defaults = new ExporterOptions();
        HashSet<Setting> heeded = [.. command.Settings];
        foreach (SettingGroup group in ExporterSettings.Catalogue.Groups)
        {
            Setting[] settings = [.. group.Settings.Where(heeded.Contains)];
            if (settings.Length > 0)
            {
                WriteTitle(output, group.Title);
                foreach (Setting setting in settings)
                {
                    WriteRow(output, Names(setting), setting.Help + Remarks(setting, defaults));
                }
            }
        }

        WriteTitle(output, "General");
        WriteOptions(output, [command.Config, .. common]);
        WriteConfiguration(output, command, defaults);
        WriteTitle(output, command.Examples.Count == 1 ? "Example" : "Examples");
        foreach ((string, string) example in command.Examples)
        {
            WriteExample(output, example);
        }
    }

    private static void WriteConfiguration(TextWriter output, MemSnoopCommand command, ExporterOptions defaults)
    {
        if (ExporterSettings.Catalogue.All.Any(setting => setting.Options.Count > 0 && !command.Settings.Contains(setting)))
        {
            return;   // the other commands: the file is for the exporter
        }

        WriteTitle(output, "Only in the file or the environment");
        foreach (Setting setting in WithoutOption)
        {
            WriteRow(output, $"{setting.HelpPath} {setting.Placeholder}", setting.Help + Remarks(setting, defaults));
        }

        output.WriteLine();
        output.WriteLine("The file and the environment can set what options set. An option wins over a");
        output.WriteLine("variable, and a variable over the file. These three mean the same:");
        output.WriteLine("  --interval 15s");
        output.WriteLine("  MemSnoop__Readings__Interval=15s");
        output.WriteLine("  { \"MemSnoop\": { \"Readings\": { \"Interval\": \"15s\" } } }");
    }

    /// <summary>The settings that only the file and the environment can set, one for each row.</summary>
    internal static IEnumerable<Setting> WithoutOption => ExporterSettings.Catalogue.Groups.SelectMany(static group => group.Settings)
        .Where(static setting => setting.Options.Count == 0 && setting.OffOption is null).DistinctBy(static setting => setting.HelpPath);

    /// <summary>The option of a setting, with its other names and its value.</summary>
    internal static string Names(Setting setting)
    {
        if (setting.Options.Count > 0 && setting.OffOption is not null)
        {
            return $"--[no-]{setting.Options[0][2..]}";
        }

        string names = string.Join(", ", setting.Options.DefaultIfEmpty(setting.OffOption ?? ""));
        return setting.IsFlag ? names : $"{names} {setting.Placeholder}";
    }

    /// <summary>An option with its other names and its value.</summary>
    internal static string Names(Option option)
    {
        string names = string.Join(", ", option.Aliases.Order(StringComparer.Ordinal).Append(option.Name));
        return option.HelpName is null ? names : $"{names} {option.HelpName}";
    }

    /// <summary>What follows the help of a setting: whether it can be repeated, and its default value.</summary>
    internal static string Remarks(Setting setting, ExporterOptions defaults)
    {
        string value = setting.Describe(defaults);
        if (setting.IsFlag)
        {
            return setting.Options.Count > 0 && setting.OffOption is not null ? $" (default:{NoBreak}{(value == "true" ? "on" : "off")})" : "";
        }

        // Idle ages are one list; the items of every other list can be given one by one.
        string repeatable = setting.IsList && setting != WorkingSetSettings.IdleAges ? " Repeatable." : "";
        return repeatable + (value.Length > 0 ? $" (default:{NoBreak}{value})" : "");
    }

    private static void WriteTitle(TextWriter output, string title)
    {
        output.WriteLine();
        output.WriteLine($"{title}:");
    }

    private static void WriteExample(TextWriter output, (string CommandLine, string Meaning) example)
    {
        output.WriteLine($"  {example.CommandLine}");
        WriteWrapped(output, example.Meaning, 6, atColumn: 0);
    }

    private static void WriteOptions(TextWriter output, IEnumerable<Option> options)
    {
        foreach (Option option in options)
        {
            WriteRow(output, Names(option), option.Description!);
        }
    }

    private static void WriteRow(TextWriter output, string left, string right)
    {
        output.Write($"  {left}");
        int written = left.Length + 2;
        if (written > Column - 2)
        {
            output.WriteLine();
            written = 0;
        }

        WriteWrapped(output, right, Column, written);
    }

    private static void WriteWrapped(TextWriter output, string text, int indent, int atColumn)
    {
        foreach (string word in text.Split(' '))
        {
            if (atColumn > indent && atColumn + 1 + word.Length > Width)
            {
                output.WriteLine();
                atColumn = 0;
            }

            string gap = atColumn < indent ? new string(' ', indent - atColumn) : " ";
            output.Write(gap + word.Replace(NoBreak, ' '));
            atColumn += gap.Length + word.Length;
        }

        output.WriteLine();
    }
}
