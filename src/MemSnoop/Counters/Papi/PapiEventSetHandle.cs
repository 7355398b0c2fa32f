using System.Runtime.InteropServices;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

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

    /// <summary>The finalizer's thread may not call the library, and should not wait for those who may.</summary>
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
        /// <summary>A set that was never started cannot be stopped, and is cleaned up all the same.</summary>
        internal override unsafe void Run()
        {
            int set = number;
            native.PAPI_stop(set, null);
            native.PAPI_cleanup_eventset(set);
            native.PAPI_destroy_eventset(&set);
        }
    }
}
