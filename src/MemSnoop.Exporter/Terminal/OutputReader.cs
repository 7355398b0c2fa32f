using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Terminal;

/// <summary>
/// Notices that nobody reads standard output any more: <c>head(1)</c> has seen enough, or the terminal is gone. The framework's console drops what is written then without a
/// word, and between two writes nobody would notice at all. So a thread asks the kernel to be told (<c>poll(2)</c>, POLLERR).
/// </summary>
internal sealed class OutputReader : IDisposable
{
    private const int StandardOutput = 1;

    // Never disposed: the thread that cancels it lives until the process ends.
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenSource _either;

    private OutputReader(CancellationToken stop) => _either = CancellationTokenSource.CreateLinkedTokenSource(stop, _gone.Token);

    /// <summary>Whether the reader has gone.</summary>
    internal bool HasGone => _gone.IsCancellationRequested;

    /// <summary>Cancelled when the reader has gone, or the command is to stop.</summary>
    internal CancellationToken Stop => _either.Token;

    /// <summary>Watches until the process ends.</summary>
    /// <param name="output">Where the command writes; if that is not standard output, nothing is watched.</param>
    /// <param name="stop">Ends the command too.</param>
    internal static OutputReader Watch(TextWriter output, CancellationToken stop)
    {
        OutputReader reader = new(stop);
        if (ReferenceEquals(output, Console.Out))
        {
            new Thread(reader.Wait) { IsBackground = true, Name = "memsnoop output" }.Start();
        }

        return reader;
    }

    /// <summary>For a command that writes elsewhere.</summary>
    internal static OutputReader None(CancellationToken stop) => new(stop);

    private void Wait()
    {
        Libc.PollDescriptor descriptor = new() { Descriptor = StandardOutput };
        while (Libc.Poll(ref descriptor, 1, -1) < 0)
        {
            // Interrupted by a signal.
        }

        if ((descriptor.Returned & (Libc.PollError | Libc.PollHangUp)) != 0)
        {
            _gone.Cancel();
        }
    }

    public void Dispose() => _either.Dispose();
}
