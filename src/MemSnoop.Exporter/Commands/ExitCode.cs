namespace MemSnoop.Exporter.Commands;

/// <summary>What the program tells its caller. A program that a signal ended is 128 plus the signal, as shells have it.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>It could not be done.</summary>
    public const int Failure = 1;

    /// <summary>It was asked for in a way that cannot be understood, and nothing was started.</summary>
    public const int Usage = 2;
}
