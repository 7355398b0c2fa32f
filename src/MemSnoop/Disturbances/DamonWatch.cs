using MemSnoop.Kernel;

namespace MemSnoop.Disturbances;

/// <summary>
/// Watches DAMON, whose sampling clears accessed bits and sets idle flags (<c>damon_folio_mkold</c>). For the method <c>referenced</c> it is harmless: where it
/// clears an accessed bit it sets the folio's young flag, which <c>smaps</c> counts as referenced.
/// </summary>
/// <remarks>
/// It is at work while a monitoring thread that a program set up says so (<c>/sys/kernel/mm/damon/admin/kdamonds/N/state</c>), or one of the kernel's own users
/// is switched on (<c>/sys/module/damon_*/parameters/enabled</c>). A run that begins and ends between two moments shows as a program's writing to these files.
/// </remarks>
internal sealed class DamonWatch : IDisposable
{
    private static readonly string[] Modules = ["damon_stat", "damon_reclaim", "damon_lru_sort"];

    private readonly KernelBuffer _buffer;
    private readonly string _threads;
    private readonly KernelText _count;
    private readonly List<KernelText> _switches = [];
    private readonly List<KernelText> _states = [];
    private readonly FileEvents _events = new();
    private readonly int _countWatch = -1;
    private long _changes;
    private ulong _known;

    /// <param name="paths">The roots.</param>
    /// <param name="buffer">What small files are read to.</param>
    /// <param name="hasOwnKdamond">Whether the kdamond of this host is this program's own: then the kernel's own users alone are strangers.</param>
    internal DamonWatch(KernelPaths paths, KernelBuffer buffer, bool hasOwnKdamond = false)
    {
        _buffer = buffer;
        _threads = paths.Sys("kernel/mm/damon/admin/kdamonds");
        _count = new KernelText(hasOwnKdamond ? "" : Path.Join(_threads, "nr_kdamonds"), buffer);
        foreach (string module in Modules)
        {
            string directory = paths.Sys($"module/{module}/parameters");
            KernelText enabled = new(Path.Join(directory, "enabled"), buffer);
            if (enabled.Exists)
            {
                _switches.Add(enabled);
                _ = _events.Watch(directory, Libc.NotifyModify);
            }
        }

        if (_count.Exists)
        {
            _countWatch = _events.Watch(_threads, Libc.NotifyModify);
            OpenThreads();
        }
    }

    /// <summary>Whether this kernel has DAMON and shows it.</summary>
    internal bool Exists => _count.Exists || _switches.Count > 0;

    /// <summary>Which of the kernel's own users of DAMON are on, for people; empty when none is.</summary>
    internal static string UsersOn(KernelPaths paths)
    {
        KernelBuffer buffer = new(16);
        List<string> on = [];
        foreach (string module in Modules)
        {
            using KernelText enabled = new(paths.Sys($"module/{module}/parameters/enabled"), buffer);
            if (enabled.ReadSwitch())
            {
                on.Add(module);
            }
        }

        return string.Join(", ", on);
    }

    /// <summary>Whether DAMON is at work, and how often programs have changed its settings so far.</summary>
    internal (bool IsOn, long Changes) Read()
    {
        bool isThreadsChanged = false;
        while (_events.TryTake(out FileEvent taken))
        {
            _changes++;
            isThreadsChanged |= taken.Watch == _countWatch || (taken.Mask & Libc.NotifyOverflow) != 0;
        }

        if (_count.Exists && (isThreadsChanged || _count.ReadNumber() != _known))
        {
            OpenThreads();
        }

        foreach (KernelText state in _states)
        {
            // A thread whose state cannot be read was removed just now, so it was there.
            if (state.Read() is [] or [(byte)'o', (byte)'n', ..])
            {
                return (true, _changes);
            }
        }

        foreach (KernelText enabled in _switches)
        {
            if (enabled.ReadSwitch())
            {
                return (true, _changes);
            }
        }

        return (false, _changes);
    }

    private void OpenThreads()
    {
        foreach (KernelText state in _states)
        {
            state.Dispose();
        }

        _states.Clear();
        _known = _count.ReadNumber() ?? 0;
        for (ulong number = 0; number < _known; number++)
        {
            string directory = Path.Join(_threads, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
            KernelText state = new(Path.Join(directory, "state"), _buffer);
            if (state.Exists)
            {
                _states.Add(state);
                _ = _events.Watch(directory, Libc.NotifyModify);
            }
        }
    }

    public void Dispose()
    {
        _count.Dispose();
        _events.Dispose();
        foreach (KernelText text in (IEnumerable<KernelText>)[.. _states, .. _switches])
        {
            text.Dispose();
        }
    }
}
