using System.Globalization;
using System.Text;
using MemSnoop.Processes;

namespace MemSnoop.Locks;

/// <summary>What a lock protects, as the name of its file in the run directory.</summary>
internal readonly record struct LockName
{
    /// <summary>How the name of every lock ends.</summary>
    internal const string Extension = ".lock";

    private LockName(string name)
    {
        File = name;
        Terminated = Encoding.ASCII.GetBytes(name + "\0");
    }

    /// <summary>
    /// The accessed bits of the host. Whoever uses the idle bitmap or ages control groups takes it for itself; whoever clears referenced bits shares it with others
    /// who do.
    /// </summary>
    internal static LockName Bitmap { get; } = new("bitmap" + Extension);

    /// <summary>The name of the file.</summary>
    internal string File { get; }

    /// <summary>The same for a system call, ended with a NUL.</summary>
    internal byte[] Terminated { get; }

    /// <summary>The referenced bits of one process: by pid, as the proc root shows it, and start time.</summary>
    internal static LockName Referenced(ProcessIdentity process) =>
        new(string.Create(CultureInfo.InvariantCulture, $"referenced-{process.Pid}-{process.StartTicks}{Extension}"));

    /// <summary>A file that was found in the directory.</summary>
    internal static LockName Found(string name) => new(name);
}

/// <summary>Whether a lock is held alone or together with others.</summary>
internal enum LockMode
{
    /// <summary>With others who share it.</summary>
    Shared = Kernel.Libc.LockShared,

    /// <summary>Alone.</summary>
    Exclusive = Kernel.Libc.LockExclusive,
}
