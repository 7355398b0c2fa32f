using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop check</c>: what this host allows to be measured, and why not the rest.</summary>
internal sealed class CheckCommand : MemSnoopCommand
{
    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of text." };

    public CheckCommand()
        : base(
            "check", "Say what can be measured on this host, and check the configuration.",
            setting => setting == WorkingSetSettings.Method || CountersSettings.All.Contains(setting) || KernelSettings.All.Contains(setting)) =>
        Add(_json);

    public override string Usage => "check [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop check --config /etc/memsnoop.json", "is the file right, and what will work here?")];

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop) =>
        CheckAction.RunAsync(invocation.Options, invocation.Arguments.GetValue(_json), invocation.Output, stop);
}
