using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Hosting;

/// <summary>The command after <c>--</c>, started on our terminal. It outlives a host whose place another takes.</summary>
/// <param name="words">Its name and arguments; empty if none is given.</param>
internal sealed class ServedCommand(IReadOnlyList<string> words) : IDisposable
{
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(1);

    internal bool IsGiven => words.Count > 0;

    /// <summary>The process; null before it is started.</summary>
    internal Process? Process { get; private set; }

    /// <summary>Starts it, unless it is started.</summary>
    /// <exception cref="CommandNotFoundException">It cannot be started.</exception>
    internal Process Start()
    {
        try
        {
            return Process ??= Process.Start(new ProcessStartInfo(words[0], words.Skip(1)) { UseShellExecute = false })!;
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(words[0], error);
        }
    }

    /// <summary>Ends it with all that it has started, if it still runs.</summary>
    internal void Kill()
    {
        if (Process is not { HasExited: false } running)
        {
            return;
        }

        // To find what it has started, every process of the host is read. One that does not answer must not hold up the end.
        if (!Task.Run(() => running.Kill(entireProcessTree: true)).Wait(LongestSearch))
        {
            _ = Libc.Kill(running.Id, Libc.SignalKill);
        }
    }

    /// <summary>Ends it if it still runs: no host is there that could do it in an orderly way.</summary>
    public void Dispose()
    {
        Kill();
        Process?.Dispose();
    }
}

/// <summary>A command cannot be started: exit code 127 when there is none of its name, 126 when it may not be run, as shells have it.</summary>
internal sealed class CommandNotFoundException(string command, Win32Exception error) : Exception(
    IsMissing(error) ? $"{command}: command not found; expected a program on the PATH or a path to one" : $"{command}: cannot be run; expected an executable file")
{
    internal int ExitCode { get; } = IsMissing(error) ? 127 : 126;

    private static bool IsMissing(Win32Exception error) => error.NativeErrorCode == Libc.ErrorNoEntry;
}
