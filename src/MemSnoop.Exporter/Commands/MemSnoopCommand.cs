using System.Buffers;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// A command. Its options come from the settings that it uses. A new command is one class in one file and one entry in <see cref="CommandLine.Commands"/>.
/// </summary>
internal abstract class MemSnoopCommand : Command
{
    private readonly List<SettingOption> _options = [];

    /// <param name="name">The word that selects the command.</param>
    /// <param name="description">One line for <c>--help</c>.</param>
    /// <param name="heeds">Which settings have an option here. The file and the environment can set all others too.</param>
    protected MemSnoopCommand(string name, string description, Func<Setting, bool> heeds)
        : base(name, description)
    {
        SettingCatalogue catalogue = ExporterSettings.Catalogue;
        foreach (Setting setting in catalogue.Groups.SelectMany(static group => group.Settings).Concat(catalogue.Retired).Where(heeds))
        {
            _options.AddRange(SettingOption.For(setting));
        }

        _options.ForEach(option => Add(option.Option));
        Add(Config);
    }

    public Option<string[]> Config { get; } = new("--config")
    {
        Arity = ArgumentArity.OneOrMore,
        HelpName = "FILE",
        Description = "Read settings from this JSON file.",
    };

    /// <summary>The settings that have an option here, and will go on having one.</summary>
    public IEnumerable<Setting> Settings => _options.Where(static option => option.Deprecated is null).Select(static option => option.Setting).Distinct();

    /// <summary>The options of this command that are not settings.</summary>
    public IEnumerable<Option> OwnOptions => Options.Except(_options.Select(option => option.Option)).Where(option => option != Config);

    /// <summary>What an option sets, former ones included; null for an option that is no setting.</summary>
    public Setting? SettingOf(Option option) => _options.FirstOrDefault(each => each.Option == option)?.Setting;

    /// <summary>What follows the program's name: <c>wss PID SECONDS [options]</c>.</summary>
    public abstract string Usage { get; }

    /// <summary>Examples: command lines, each with what it does.</summary>
    public abstract IReadOnlyList<(string CommandLine, string Meaning)> Examples { get; }

    /// <summary>The words that its first argument can be, where there are a few.</summary>
    public virtual IReadOnlyList<string> ArgumentWords => [];

    /// <summary>Whether a program to run may follow <c>--</c>.</summary>
    public virtual bool TakesChild => false;

    /// <summary>Whether it tells of deprecated names itself; else they are lines on standard error.</summary>
    public virtual bool TellsOfDeprecatedNames => false;

    /// <summary>The exit code after SIGINT (2) or SIGTERM (15).</summary>
    public virtual int ExitCodeWhenStopped(int signal) => 128 + signal;

    /// <summary>Checks the command's own arguments, which settings do not check. Called before any file is read.</summary>
    /// <exception cref="UsageException">An argument is missing or malformed.</exception>
    public virtual void CheckArguments(ParseResult arguments)
    {
    }

    /// <exception cref="UsageException">The command cannot be run as given.</exception>
    public abstract Task<int> RunAsync(Invocation invocation, CancellationToken stop);

    /// <summary>JSON as commands print it: indented, and with a line end.</summary>
    protected static string ToJson(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> text = new();
        using (Utf8JsonWriter writer = new(text, new JsonWriterOptions { Indented = true }))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(text.WrittenSpan) + "\n";
    }

    /// <summary>The strongest layer: the options of this command line.</summary>
    public ConfigurationLayer ReadLayer(ParseResult arguments)
    {
        var layer = new ConfigurationLayer();
        foreach (SettingOption option in _options)
        {
            if (arguments.GetResult(option.Option) is OptionResult { Implicit: false } result)
            {
                option.AddTo(layer, result);
            }
        }

        return layer;
    }
}

/// <summary>One run of a command, everything checked.</summary>
/// <param name="Arguments">The command line; a command asks it for its own arguments and options.</param>
/// <param name="Options">The configuration of all layers.</param>
/// <param name="Child">What followed <c>--</c>: a program and its arguments, or nothing.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error, for messages that do not end the command.</param>
/// <param name="Walls">The walls of this process; null where the command does not have the process for itself.</param>
internal sealed record Invocation(ParseResult Arguments, ExporterOptions Options, string[] Child, TextWriter Output, TextWriter Error, Walls? Walls = null)
{
    /// <summary>Reads all layers again. Throws a <see cref="UsageException"/> if something in them is wrong by now.</summary>
    public Func<ExporterOptions> ReadAgain { get; init; } = () => Options;

    /// <summary>The terminal, where there is one.</summary>
    public Screen Screen { get; init; } = Screen.None;

    /// <summary>The host that is measured: one for the command.</summary>
    public MeasuredHost Host { get; } = new(Options);
}
