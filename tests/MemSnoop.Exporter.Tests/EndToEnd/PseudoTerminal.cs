namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Runs a command of the shell on a terminal of its own, by <c>script(1)</c>.</summary>
internal static class PseudoTerminal
{
    // What the framework writes first of all: keys are to be told apart (terminfo, keypad_xmit).
    private const string Beginning = "\e[?1h\e=";

    // Whoever runs the tests may have another terminal, or none.
    private const string Environment = "export TERM=xterm; unset NO_COLOR COLUMNS LINES; ";

    /// <summary>All that was written to the terminal until the command ended, standard error included. A failure of the command fails.</summary>
    internal static async Task<string> RunAsync(string command) =>
        (await Command.RunAsync("script", ["-qec", Environment + command, "/dev/null"], ExporterProcess.Deadline)).Replace(Beginning, "", StringComparison.Ordinal);
}
