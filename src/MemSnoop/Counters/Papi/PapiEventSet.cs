using System.Runtime.InteropServices;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// Events that are counted for one thread and all threads that it will start. Members are for <see cref="PapiThread"/> only, and results are the
/// library's error codes.
/// </summary>
internal sealed unsafe class PapiEventSet : IDisposable
{
    private readonly PapiNative _native;
    private readonly PapiEventSetHandle _handle;

    private PapiEventSet(PapiNative native, PapiEventSetHandle handle)
    {
        _native = native;
        _handle = handle;
    }

    /// <summary>Begins to count.</summary>
    /// <param name="library">The library.</param>
    /// <param name="thread">The thread's id.</param>
    /// <param name="domain">Which modes of the processor count: a sum of PAPI_DOM_USER and the like.</param>
    /// <param name="isMultiplexed">Whether events take turns. The library then extrapolates.</param>
    /// <param name="codes">The events.</param>
    /// <param name="set">The running set; null on failure.</param>
    internal static int Start(PapiLibrary library, int thread, int domain, bool isMultiplexed, ReadOnlySpan<int> codes, out PapiEventSet? set)
    {
        set = null;
        PapiNative native = library.Native;
        int error = Create(library, domain, isMultiplexed, out PapiEventSetHandle handle);

        // Before events are added: those of a set that is not attached yet are opened for the caller first.
        error = error == PAPI_OK ? native.PAPI_attach(handle.Number, (nuint)thread) : error;
        for (int i = 0; error == PAPI_OK && i < codes.Length; i++)
        {
            error = native.PAPI_add_event(handle.Number, codes[i]);
        }

        error = error == PAPI_OK ? native.PAPI_start(handle.Number) : error;

        // After a failed attachment, a start would succeed and count the caller. This check makes sure that it is not reached.
        const int RunningElsewhere = PAPI_RUNNING | PAPI_ATTACHED;
        int state = 0;
        error = error == PAPI_OK ? native.PAPI_state(handle.Number, &state) : error;
        error = error == PAPI_OK && (state & RunningElsewhere) != RunningElsewhere ? PAPI_ESYS : error;
        if (error != PAPI_OK)
        {
            handle.Dispose();
            return error;
        }

        set = new PapiEventSet(native, handle);
        return PAPI_OK;
    }

    /// <summary>
    /// Whether sets can be attached to a thread at all. An empty set is enough to find out: for each option, the library opens an event of the processor.
    /// </summary>
    internal static int TryAttach(PapiLibrary library, int thread, int domain)
    {
        int error = Create(library, domain, isMultiplexed: false, out PapiEventSetHandle handle);
        using (handle)
        {
            return error == PAPI_OK ? library.Native.PAPI_attach(handle.Number, (nuint)thread) : error;
        }
    }

    /// <summary>Whether the processor and the kernel take the event: an empty set is made and the event opened, for the caller and unstarted.</summary>
    internal static int Try(PapiLibrary library, int domain, int code)
    {
        int error = Create(library, domain, isMultiplexed: false, out PapiEventSetHandle handle);
        using (handle)
        {
            return error == PAPI_OK ? library.Native.PAPI_add_event(handle.Number, code) : error;
        }
    }

    /// <summary>What each event has counted, in the order in which they were given.</summary>
    internal int Read(Span<long> counts)
    {
        fixed (long* values = counts)
        {
            return _native.PAPI_read(_handle.Number, values);
        }
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>Options hold for events that are added after them.</summary>
    private static int Create(PapiLibrary library, int domain, bool isMultiplexed, out PapiEventSetHandle handle)
    {
        PapiNative native = library.Native;
        int error = PapiEventSetHandle.Create(native, out handle);
        error = error == PAPI_OK ? native.PAPI_assign_eventset_component(handle.Number, library.Component) : error;
        error = error == PAPI_OK && isMultiplexed ? native.PAPI_set_multiplex(handle.Number) : error;
        if (error == PAPI_OK)
        {
            PAPI_inherit_option_t inherit = new() { eventset = handle.Number, inherit = PAPI_INHERIT_ALL };
            error = native.PAPI_set_opt(PAPI_INHERIT, &inherit);
        }

        if (error == PAPI_OK)
        {
            PAPI_domain_option_t modes = new() { eventset = handle.Number, domain = domain };
            error = native.PAPI_set_opt(PAPI_DOMAIN, &modes);
        }

        return error;
    }
}

/// <summary>An event set of the library: its counters and their descriptors.</summary>
internal sealed class PapiEventSetHandle : SafeHandle
{
    private readonly PapiNative _native;

    private PapiEventSetHandle(PapiNative native, int number)
        : base(PAPI_NULL, ownsHandle: true)
    {
        _native = native;
        SetHandle(number);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == PAPI_NULL;

    internal int Number => (int)handle;

    /// <summary>A new, empty one. For <see cref="PapiThread"/> only.</summary>
    internal static unsafe int Create(PapiNative native, out PapiEventSetHandle created)
    {
        int number = PAPI_NULL;
        int error = native.PAPI_create_eventset(&number);
        created = new PapiEventSetHandle(native, error == PAPI_OK ? number : PAPI_NULL);
        return error;
    }

    /// <summary>The finalizer's thread may not call the library, and should not wait for the thread that may.</summary>
    protected override bool ReleaseHandle()
    {
        Release work = new(_native, Number);
        if (PapiThread.Shared.IsCurrent)
        {
            work.Run();
        }
        else
        {
            PapiThread.Shared.Post(work);
        }

        return true;
    }

    private sealed class Release(PapiNative native, int number) : PapiWork
    {
        /// <summary>A set that was never started cannot be stopped, but it is cleaned up.</summary>
        internal override unsafe void Run()
        {
            int set = number;
            native.PAPI_stop(set, null);
            native.PAPI_cleanup_eventset(set);
            native.PAPI_destroy_eventset(&set);
        }
    }
}
