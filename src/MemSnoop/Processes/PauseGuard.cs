using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace MemSnoop.Processes;

/// <summary>
/// A small process of its own that lets a paused process run again when this one dies in the middle of a pause, even by
/// SIGKILL. It reads from a pipe on which each pause is announced before it begins and taken back after it ended. When the
/// pipe closes, for whatever reason, and the last word was "stop", it sends SIGCONT.
/// </summary>
/// <remarks>
/// There is no unguarded moment: the word is in the pipe before the signal is sent, and the content of a pipe outlives its writer. The guard is a shell, so
/// that the library needs no program beside it; it takes about 1 MB. It ignores the signals that a terminal sends to all of its processes, and announces
/// itself when it does. It compares the start time, so that it never wakes a process that reuses the pid.
/// </remarks>
internal sealed class PauseGuard : IDisposable
{
    private const string Shell = "/bin/sh";

    // Field 22 of stat, the start time, is the 20th behind the name, which may contain blanks and parentheses.
    private const string Script = """
        trap '' HUP INT QUIT TERM TSTP
        set -f
        cd /
        echo ready
        while read -r word; do last=$word; done
        [ "$last" = stop ] || exit 0
        pid=$2 start=$3
        read -r stat <"$1/$pid/stat" || exit 0
        set -- ${stat##*) }
        [ "${20}" = "$start" ] && kill -CONT "$pid"
        """;

    private static readonly byte[] Stop = "stop\n"u8.ToArray();
    private static readonly byte[] Run = "run\n"u8.ToArray();

    private readonly Process _shell;
    private readonly Stream _pipe;

    private PauseGuard(Process shell)
    {
        _shell = shell;
        _pipe = shell.StandardInput.BaseStream;
    }

    /// <summary>The guard's pid.</summary>
    internal int Pid => _shell.Id;

    /// <summary>Starts a guard; it is on guard when this returns.</summary>
    /// <exception cref="PauseRefusedException">It cannot be started.</exception>
    internal static PauseGuard Start(string procRoot, ProcessIdentity process)
    {
        string pid = process.Pid.ToString(CultureInfo.InvariantCulture);
        string start = process.StartTicks.ToString(CultureInfo.InvariantCulture);
        ProcessStartInfo command = new(Shell, ["-c", Script, "memsnoop-pause-guard", procRoot, pid, start])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            PauseGuard guard = new(Process.Start(command)!);
            if (guard._shell.StandardOutput.ReadLine() == "ready")
            {
                return guard;
            }

            guard.Dispose();
        }
        catch (Win32Exception)
        {
        }

        throw new PauseRefusedException($"pausing needs a guard, which lets the process run again if this one dies, and {Shell} cannot be run");
    }

    /// <summary>Tells the guard that the process is about to be stopped.</summary>
    /// <exception cref="PauseRefusedException">The guard is gone.</exception>
    internal void AnnounceStop()
    {
        try
        {
            Say(Stop);
        }
        catch (IOException)
        {
            throw new PauseRefusedException("the guard has ended that lets the process run again if this one dies");
        }
    }

    /// <summary>Tells the guard that the process runs again.</summary>
    internal void AnnounceRun()
    {
        try
        {
            Say(Run);
        }
        catch (IOException)
        {
            // The guard is gone and the process runs: there is nothing left to guard.
        }
    }

    // Five bytes are written at once or not at all (PIPE_BUF): the guard never sees half a word.
    private void Say(byte[] word)
    {
        _pipe.Write(word);
        _pipe.Flush();
    }

    public void Dispose()
    {
        try
        {
            _pipe.Dispose();
        }
        catch (IOException)
        {
        }

        _shell.Dispose();
    }
}
