using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>The program's front door in this process, with an environment of its own.</summary>
internal sealed class CommandLineRun(params (string Name, string Value)[] environment)
{
    private readonly Dictionary<string, string> _environment = environment.ToDictionary(pair => pair.Name, pair => pair.Value);

    public StringWriter Output { get; } = new() { NewLine = "\n" };

    public StringWriter Error { get; } = new() { NewLine = "\n" };

    public Task<int> RunAsync(params string[] arguments) => RunAsync(CommandLine.Commands, 0, TestContext.Current.CancellationToken, arguments);

    public Task<int> RunAsync(IReadOnlyList<MemSnoopCommand> commands, int signal, CancellationToken stop, params string[] arguments) =>
        new CommandLine(commands, _environment, Output, Error).RunAsync(arguments, () => signal, stop);

    /// <summary>The options that a command would get.</summary>
    public ExporterOptions Options(params string[] arguments)
    {
        var commandLine = new CommandLine(CommandLine.Commands, _environment, Output, Error);
        ParseResult parsed = commandLine.Parse(arguments, out _);
        return commandLine.ReadOptions(parsed);
    }
}
