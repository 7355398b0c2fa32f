using System.CommandLine;
using System.Globalization;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>The manual pages memsnoop(1) and memsnoop.json(5), made from what <c>--help</c> is made from.</summary>
internal sealed class ManualPage
{
    /// <summary>The option that writes a page: <c>--help-man 1</c>, <c>--help-man 5</c>.</summary>
    public const string Option = "--help-man";

    private const string Program = "memsnoop";

    private readonly Roff _page;
    private readonly string _date;
    private readonly ExporterOptions _defaults = new();

    private ManualPage(TextWriter output, string date)
    {
        _page = new Roff(output);
        _date = date;
    }

    /// <param name="output">Where to write.</param>
    /// <param name="section">1 or 5.</param>
    /// <param name="commands">All commands.</param>
    /// <param name="common">Options that every command has.</param>
    /// <param name="environment">The environment; builds that must be reproducible name their day in it.</param>
    /// <exception cref="UsageException">There is no page of this section.</exception>
    public static void Write(
        TextWriter output, string section, IReadOnlyList<MemSnoopCommand> commands, IReadOnlyList<Option> common, IReadOnlyDictionary<string, string> environment)
    {
        // https://reproducible-builds.org/specs/source-date-epoch/
        DateTimeOffset day = long.TryParse(environment.GetValueOrDefault("SOURCE_DATE_EPOCH"), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : TimeProvider.System.GetUtcNow();
        ManualPage page = new(output, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        switch (section)
        {
            case "1":
                page.WriteProgram(commands, common);
                break;
            case "5":
                page.WriteFile();
                break;
            default:
                throw new UsageException(Option, $"there is no page {UsageException.Quote(section)}", "1 or 5");
        }
    }

    private void WriteProgram(IReadOnlyList<MemSnoopCommand> commands, IReadOnlyList<Option> common)
    {
        _page.Head(Program, "1", _date, $"{Program} {BuildInfo.Version}", "User Commands");
        _page.Section("Name");
        _page.Text($"{Program} - {HelpText.Purpose[..^1].Replace("measures", "measure", StringComparison.Ordinal)}");
        _page.Section("Synopsis");
        _page.Lines(commands.Select(static command => $"{Program} {command.Usage}"));
        _page.Section("Description");
        _page.Text($"{Program} {HelpText.Purpose} The memory that a process accessed within a window of time is its working set. {commands[0].Name} is the command when none is named.");
        _page.Section("Commands");
        foreach (MemSnoopCommand command in commands)
        {
            WriteCommand(command, isComplete: command == commands[0]);
        }

        WriteSettings();
        _page.Section("General options");
        foreach (Option option in common.Prepend(commands[0].Config))
        {
            _page.Item(HelpText.Names(option), option.Description!);
        }

        WriteRest();
        _page.Section("Examples");
        foreach ((string commandLine, string meaning) in commands.SelectMany(static command => command.Examples))
        {
            _page.Item(commandLine, char.ToUpperInvariant(meaning[0]) + meaning[1..] + ".");
        }

        _page.Section("See also");
        _page.Text("memsnoop.json(5), proc(5), perf_event_open(2)");
    }

    private void WriteCommand(MemSnoopCommand command, bool isComplete)
    {
        _page.Subsection($"{Program} {command.Usage}");
        _page.Text(command.Description!);
        foreach (Argument argument in command.Arguments)
        {
            _page.Item(argument.Name, argument.Description!);
        }

        foreach (Option option in command.OwnOptions)
        {
            _page.Item(HelpText.Names(option), option.Description!);
        }

        string[] settings = [.. command.Settings.Select(static setting => setting.Options.Count > 0 ? setting.Options[0] : setting.OffOption!)];
        if (isComplete)
        {
            _page.Paragraph("Its options are those of the next section.");
        }
        else if (settings.Length > 0)
        {
            _page.Paragraph($"It also takes these options of the next section: {string.Join(", ", settings)}.");
        }
    }

    private void WriteSettings()
    {
        _page.Section("Options");
        foreach (SettingGroup group in ExporterSettings.Catalogue.Groups)
        {
            Setting[] settings = [.. group.Settings.Where(static setting => setting.Options.Count > 0 || setting.OffOption is not null)];
            if (settings.Length > 0)
            {
                _page.Subsection(group.Title);
                foreach (Setting setting in settings)
                {
                    _page.Item(HelpText.Names(setting), setting.Help + HelpText.Remarks(setting, _defaults));
                }
            }
        }

        _page.Subsection("Only in the file or the environment");
        foreach (Setting setting in HelpText.WithoutOption)
        {
            _page.Item($"{setting.HelpPath} {setting.Placeholder}", setting.Help + HelpText.Remarks(setting, _defaults));
        }
    }

    private void WriteRest()
    {
        _page.Section("Exit status");
        _page.Item("0", "Success. A server that was told to stop has succeeded.");
        _page.Item("1", "The command failed. memsnoop check: working sets cannot be measured on this host.");
        _page.Item("2", "Arguments or settings are wrong, and nothing was started. One line on standard error names what is wrong and what was expected.");
        _page.Item("126, 127", "The program after -- cannot be run, or does not exist. If it ran, its exit code is that of memsnoop.");
        _page.Item("128 + N", "Signal N ended the command.");
        _page.Section("Environment");
        _page.Item("MemSnoop__...", "Every setting, such as MemSnoop__Readings__Interval=15s. An option wins over a variable, and a variable over the file.");
        _page.Item("OTEL_...", "The variables of OpenTelemetry for resource and push. The file, the variables above and options win over them.");
        _page.Item("NOTIFY_SOCKET", "Where memsnoop serve says that it is ready and that it stops; see sd_notify(3).");
        _page.Section("Files");
        _page.Item("/etc/memsnoop/memsnoop.json", "The settings of the service. Other commands read it only with --config.");
        _page.Item(_defaults.Kernel.RunDir, "Locks, by which one program at a time takes traces of use, and the socket on which the exporter answers memsnoop wss.");
    }

    private void WriteFile()
    {
        _page.Head("memsnoop.json", "5", _date, $"{Program} {BuildInfo.Version}", "File Formats");
        _page.Section("Name");
        _page.Text("memsnoop.json - settings of memsnoop");
        _page.Section("Description");
        _page.Text("memsnoop reads the file that its option --config names; the service reads /etc/memsnoop/memsnoop.json. It is read once, at start.");
        _page.Paragraph(
            "The file is JSON. Comments and trailing commas are allowed. Everything is in the section MemSnoop. "
            + "A key that is not below, or a value of the wrong form, ends the program with a line that names it.");
        _page.Paragraph(
            "Each key is also a variable of the environment, with __ between its parts, and most are options. "
            + "An option wins over a variable, and a variable over the file. A list is replaced as a whole.");
        _page.Section("Example");
        _page.Lines(
            "{", "  \"MemSnoop\": {", "    \"Processes\": { \"Names\": [\"^postgres$\", \"^redis\"], \"MinResident\": \"10MiB\" },",
            "    \"WorkingSet\": { \"Interval\": \"30s\" }   // a comment", "  }", "}");
        _page.Section("Keys");
        foreach (SettingGroup group in ExporterSettings.Catalogue.Groups)
        {
            _page.Subsection(group.Title);
            foreach (Setting setting in group.Settings)
            {
                WriteKey(setting);
            }
        }

        _page.Section("See also");
        _page.Text("memsnoop(1)");
    }

    private void WriteKey(Setting setting)
    {
        string options = string.Join(", ", setting.Options.Append(setting.OffOption).OfType<string>());
        string standard = setting.Describe(_defaults);
        _page.Item(setting.Path, setting.Help);
        _page.More(
            $"Value: {(setting.IsFlag ? "true or false" : setting.Expected)}{(setting.IsList ? "; a list" : "")}."
            + (standard.Length > 0 ? $" Default: {standard}." : "")
            + (options.Length > 0 ? $" Option: {options}." : ""));
    }
}
