namespace MemSnoop.Exporter.Commands;

/// <summary>The command after <c>--</c> cannot be started: exit code 127 when there is none, 126 when it may not be run, as shells have it.</summary>
internal sealed class CommandNotFoundException(string command, bool isMissing) : Exception(
    isMissing ? $"{command}: command not found; expected a program on the PATH or a path to one" : $"{command}: cannot be run; expected an executable file")
{
    internal int ExitCode { get; } = isMissing ? 127 : 126;
}
