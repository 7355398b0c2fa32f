using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary><c>memsnoop events [PATTERN]</c>: what can be counted here, by which name.</summary>
internal sealed class EventsCommand : MemSnoopCommand
{
    private readonly Argument<string> _pattern = new("PATTERN")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Only events with this in one of their names; with * or ? in it, events that have the pattern for a name. Letter case does not matter.",
    };

    private readonly Option<bool> _json = new("--json") { Arity = ArgumentArity.Zero, Description = "Write JSON instead of text." };

    public EventsCommand()
        : base("events", "List the events that can be counted.", setting => setting == CountersSettings.OnlyProvider || KernelSettings.All.Contains(setting))
    {
        Add(_pattern);
        Add(_json);
    }

    public override string Usage => "events [PATTERN] [OPTIONS]";

    public override IReadOnlyList<(string CommandLine, string Meaning)> Examples =>
        [("memsnoop events 'PAPI_L?_*'", "the preset events about caches, and which of them this processor has")];

    public override Task<int> RunAsync(Invocation invocation, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        return EventsAction.RunAsync(invocation, invocation.Arguments.GetValue(_pattern) ?? "", invocation.Arguments.GetValue(_json));
    }
}
