using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.Web;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Hosting;

/// <summary>The command after <c>--</c>, executed on our terminal. It outlives a host whose place another takes.</summary>
internal sealed class ServedCommand : IDisposable
{
    private static readonly TimeSpan LongestSearch = TimeSpan.FromSeconds(1);

    private readonly string _name;

    /// <param name="words">Its name and arguments; empty if none is given.</param>
    /// <param name="waiting">The process that waits to execute it; null if there is none yet.</param>
    internal ServedCommand(string[] words, WaitingCommand? waiting)
    {
        _name = words.Length == 0 ? "" : words[0];
        Waiting = words.Length == 0 ? null : waiting ?? SystemdSockets.HideFrom(() => WaitingCommand.Prepare(words));
    }

    internal bool IsGiven => Waiting is not null;

    /// <summary>The process that waits to execute it, or has done so; null if none is given.</summary>
    internal WaitingCommand? Waiting { get; }

    /// <summary>Its pid; 0 if none is given.</summary>
    internal int Pid => Waiting?.Pid ?? 0;

    /// <summary>Its exit code once it has ended, 128 plus the signal when one ended it, as shells have it. Null before it is executed.</summary>
    internal Task<int>? End { get; private set; }

    /// <summary>Executes it, unless that is done.</summary>
    /// <exception cref="CommandNotFoundException">It cannot be executed.</exception>
    internal void Start()
    {
        if (End is not null)
        {
            return;
        }

        try
        {
            Waiting!.Run();
        }
        catch (Win32Exception error)
        {
            throw new CommandNotFoundException(_name, error);
        }

        End = Waiting.WaitAsync();
    }

    /// <summary>Ends it with all that it has started, if it still runs.</summary>
    internal void Kill()
    {
        if (End is not { IsCompleted: false })
        {
            return;
        }

        // To find what it has started, every process of the host is read. One that does not answer must not hold up the end.
        Task search = Task.Run(() =>
        {
#pragma warning disable RS0030 // Of one child that is known to live: only the framework ends a process with its descendants.
            using Process process = Process.GetProcessById(Pid);
#pragma warning restore RS0030
            process.Kill(entireProcessTree: true);
        });
        if (Task.WaitAny([search], LongestSearch) < 0 || !search.IsCompletedSuccessfully)
        {
            _ = Libc.Kill(Pid, Libc.SignalKill);
        }
    }

    /// <summary>Ends it if it still runs: no host is there that could do it in an orderly way.</summary>
    public void Dispose()
    {
        Kill();
        Waiting?.Dispose();
    }
}

/// <summary>A command cannot be started: exit code 127 when there is none of its name, 126 when it may not be run, as shells have it.</summary>
internal sealed class CommandNotFoundException(string command, Win32Exception error) : Exception(
    IsMissing(error) ? $"{command}: command not found; expected a program on the PATH or a path to one" : $"{command}: cannot be run; expected an executable file")
{
    internal int ExitCode { get; } = IsMissing(error) ? 127 : 126;

    private static bool IsMissing(Win32Exception error) => error.NativeErrorCode == Libc.ErrorNoEntry;
}
