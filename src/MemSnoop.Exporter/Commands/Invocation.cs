using MemSnoop.Metrics.Configuration;
using System.CommandLine;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Commands;

/// <summary>One run of a command, everything checked.</summary>
/// <param name="Arguments">The command line; a command asks it for its own arguments and options.</param>
/// <param name="Options">The configuration of all layers.</param>
/// <param name="Child">What followed <c>--</c>: a program and its arguments, or nothing.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error, for what is neither output nor an error that ends the command.</param>
internal sealed record Invocation(ParseResult Arguments, ExporterOptions Options, string[] Child, TextWriter Output, TextWriter Error);
