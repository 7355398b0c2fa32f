namespace MemSnoop.Processes;

/// <summary>The time during which a process is stopped; disposing lets it run again. The default value is no pause.</summary>
public readonly struct ProcessPause : IDisposable
{
    private readonly ProcessPauser? _pauser;

    internal ProcessPause(ProcessPauser pauser) => _pauser = pauser;

    /// <summary>False when the process was not stopped by this pause: it had been stopped by someone else, or has ended.</summary>
    public bool IsOurs => _pauser is not null;

    /// <summary>Lets the process run again, unless somebody else had stopped it.</summary>
    public void Dispose() => _pauser?.Continue();
}
