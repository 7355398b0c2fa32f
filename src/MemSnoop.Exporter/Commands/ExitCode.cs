namespace MemSnoop.Exporter.Commands;

/// <summary>The exit codes of the program. After a signal it is 128 plus the signal, as in shells.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The command failed.</summary>
    public const int Failure = 1;

    /// <summary>The arguments or the configuration are wrong, and nothing was started.</summary>
    public const int Usage = 2;
}
