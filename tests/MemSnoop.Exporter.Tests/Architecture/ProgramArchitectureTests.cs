using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Tests.Architecture;

/// <summary>The rooms of the program, <c>memsnoop</c>, from its configuration upwards.</summary>
public sealed class ProgramArchitectureTests() : ArchitectureTests(typeof(MetricCollector), "src/MemSnoop.Exporter", "MemSnoop.Exporter", Table)
{
    private static readonly Arrow[] Table =
    [
        new("LocalApi", "View", "What the page reads is answered on the local socket too, and refusals have one form."),

        new("Web", "Configuration", "Options say where to listen, and a file who may ask."),
        new("Web", "LocalApi", "A socket whose owner is dead is told in one way."),
        new("Web", "View", "What the page reads is answered at the exporter's address."),

        new("Prometheus", "Collector", "A scrape is one of the two sinks."),
        new("Prometheus", "Web", "A scrape that is turned away is counted with what the listener turns away."),

        new("Otlp", "Collector", "A push is one of the two sinks."),
        new("Otlp", "Configuration", "Options say where to push, and how."),

        new("Logging", "Configuration", "Options say how much is logged, and in which format."),

        new("Diagnostics", "Configuration", "Resource attributes are options, and tell of others."),

        new("Sandbox", "Configuration", "What is configured says which rights are needed."),

        new("Hosting", "Sandbox", "The host runs the command that waits, and reports the walls."),
        new("Hosting", "Configuration", "What runs is put together as the options say."),
        new("Hosting", "Diagnostics", "The program's own process is published too."),
        new("Hosting", "Collector", "The collector sees the measuring through its source."),
        new("Hosting", "Prometheus", "The endpoint is a service of the host."),
        new("Hosting", "Otlp", "The push is a service of the host."),
        new("Hosting", "LocalApi", "The host answers others on this machine as well."),
        new("Hosting", "View", "The host keeps what the page shows."),
        new("Hosting", "Web", "The host listens, and maps its pages."),
        new("Hosting", "Logging", "The host's services log."),

        new("Commands", "Configuration", "The command line is a layer of the options."),
        new("Commands", "LocalApi", "The command wss asks the exporter that runs."),
        new("Commands", "View", "Commands show what the exporter answers, and why it does not."),
        new("Commands", "Web", "The command check reads the web configuration."),
        new("Commands", "Sandbox", "The command serve puts up the walls."),
        new("Commands", "Hosting", "The command serve runs the host."),
        new("Top", "View", "It shows what the page shows."),
        new("Top", "LocalApi", "It asks the exporter that runs, by its socket."),
        new("Top", "Terminal", "It is for people who watch."),

        new("Commands", "Top", "The command top shows it."),
        new("Commands", "Terminal", "Commands write for people who watch, too."),
        new("Commands", "Report", "The command report makes reports."),

        new("(root)", "Commands", "The program runs a command."),
        new("(root)", "Terminal", "The program looks whether it has a terminal."),
        new("(root)", "Sandbox", "The program looks whether it is its second start."),
    ];
}
