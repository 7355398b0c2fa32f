using System.Runtime.InteropServices;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The functions and constants of <c>papi.h</c> in use, under their own names, declarations only. Functions are pointers, because the
/// library's file name is not known before run time. Numbers are those of PAPI 6.0 to 7.2, where they agree.
/// </summary>
internal sealed unsafe class PapiNative
{
    internal const int PAPI_OK = 0;
    internal const int PAPI_EINVAL = -1;
    internal const int PAPI_ESYS = -3;
    internal const int PAPI_ECMP = -4;
    internal const int PAPI_ENOEVNT = -7;
    internal const int PAPI_ECNFLCT = -8;
    internal const int PAPI_ENOCNTR = -13;
    internal const int PAPI_EPERM = -15;
    internal const int PAPI_ENOSUPP = -18;
    internal const int PAPI_EINVAL_DOM = -21;
    internal const int PAPI_EATTR = -22;
    internal const int PAPI_ECOUNT = -23;
    internal const int PAPI_ECMP_DISABLED = -25;
    internal const int PAPI_EMULPASS = -27;

    internal const int PAPI_NULL = -1;
    internal const int PAPI_QUIET = 0;

    internal const int PAPI_DOM_USER = 1;
    internal const int PAPI_DOM_KERNEL = 2;

    internal const int PAPI_RUNNING = 0x02;
    internal const int PAPI_ATTACHED = 0x80;

    internal const int PAPI_DOMAIN = 5;
    internal const int PAPI_LIB_VERSION = 21;
    internal const int PAPI_INHERIT = 28;
    internal const int PAPI_INHERIT_ALL = 1;

    internal const int PAPI_ENUM_EVENTS = 0;
    internal const int PAPI_ENUM_FIRST = 1;

    internal const int PAPI_PRESET_MASK = unchecked((int)0x80000000);
    internal const int PAPI_NATIVE_MASK = 0x40000000;

    internal const int PAPI_MAX_INFO_TERMS = 12;

    internal readonly delegate* unmanaged<int, void*, int> PAPI_get_opt;
    internal readonly delegate* unmanaged<int, void*, int> PAPI_set_opt;
    internal readonly delegate* unmanaged<int, int> PAPI_library_init;
    internal readonly delegate* unmanaged<int> PAPI_multiplex_init;
    internal readonly delegate* unmanaged<int, int> PAPI_set_debug;
    internal readonly delegate* unmanaged<int, byte*> PAPI_strerror;
    internal readonly delegate* unmanaged<int> PAPI_num_components;
    internal readonly delegate* unmanaged<int, byte*> PAPI_get_component_info;
    internal readonly delegate* unmanaged<int*, int, int> PAPI_enum_event;
    internal readonly delegate* unmanaged<int*, int, int, int> PAPI_enum_cmp_event;
    internal readonly delegate* unmanaged<byte*, int*, int> PAPI_event_name_to_code;
    internal readonly delegate* unmanaged<int, byte*, int> PAPI_event_code_to_name;
    internal readonly delegate* unmanaged<int, PAPI_event_info_t*, int> PAPI_get_event_info;
    internal readonly delegate* unmanaged<int, int> PAPI_get_event_component;
    internal readonly delegate* unmanaged<int*, int> PAPI_create_eventset;
    internal readonly delegate* unmanaged<int, int, int> PAPI_assign_eventset_component;
    internal readonly delegate* unmanaged<int, int> PAPI_set_multiplex;
    internal readonly delegate* unmanaged<int, nuint, int> PAPI_attach;
    internal readonly delegate* unmanaged<int, int, int> PAPI_add_event;
    internal readonly delegate* unmanaged<int, int> PAPI_start;
    internal readonly delegate* unmanaged<int, int*, int> PAPI_state;
    internal readonly delegate* unmanaged<int, long*, int> PAPI_read;
    internal readonly delegate* unmanaged<int, long*, int> PAPI_stop;
    internal readonly delegate* unmanaged<int, int> PAPI_cleanup_eventset;
    internal readonly delegate* unmanaged<int*, int> PAPI_destroy_eventset;

    /// <exception cref="EntryPointNotFoundException">The library lacks one of the functions.</exception>
    internal PapiNative(nint library)
    {
        PAPI_get_opt = (delegate* unmanaged<int, void*, int>)NativeLibrary.GetExport(library, nameof(PAPI_get_opt));
        PAPI_set_opt = (delegate* unmanaged<int, void*, int>)NativeLibrary.GetExport(library, nameof(PAPI_set_opt));
        PAPI_library_init = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_library_init));
        PAPI_multiplex_init = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, nameof(PAPI_multiplex_init));
        PAPI_set_debug = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_set_debug));
        PAPI_strerror = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, nameof(PAPI_strerror));
        PAPI_num_components = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, nameof(PAPI_num_components));
        PAPI_get_component_info = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, nameof(PAPI_get_component_info));
        PAPI_enum_event = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(library, nameof(PAPI_enum_event));
        PAPI_enum_cmp_event = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, nameof(PAPI_enum_cmp_event));
        PAPI_event_name_to_code = (delegate* unmanaged<byte*, int*, int>)NativeLibrary.GetExport(library, nameof(PAPI_event_name_to_code));
        PAPI_event_code_to_name = (delegate* unmanaged<int, byte*, int>)NativeLibrary.GetExport(library, nameof(PAPI_event_code_to_name));
        PAPI_get_event_info = (delegate* unmanaged<int, PAPI_event_info_t*, int>)NativeLibrary.GetExport(library, nameof(PAPI_get_event_info));
        PAPI_get_event_component = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_get_event_component));
        PAPI_create_eventset = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, nameof(PAPI_create_eventset));
        PAPI_assign_eventset_component = (delegate* unmanaged<int, int, int>)NativeLibrary.GetExport(library, nameof(PAPI_assign_eventset_component));
        PAPI_set_multiplex = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_set_multiplex));
        PAPI_attach = (delegate* unmanaged<int, nuint, int>)NativeLibrary.GetExport(library, nameof(PAPI_attach));
        PAPI_add_event = (delegate* unmanaged<int, int, int>)NativeLibrary.GetExport(library, nameof(PAPI_add_event));
        PAPI_start = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_start));
        PAPI_state = (delegate* unmanaged<int, int*, int>)NativeLibrary.GetExport(library, nameof(PAPI_state));
        PAPI_read = (delegate* unmanaged<int, long*, int>)NativeLibrary.GetExport(library, nameof(PAPI_read));
        PAPI_stop = (delegate* unmanaged<int, long*, int>)NativeLibrary.GetExport(library, nameof(PAPI_stop));
        PAPI_cleanup_eventset = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, nameof(PAPI_cleanup_eventset));
        PAPI_destroy_eventset = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, nameof(PAPI_destroy_eventset));
    }

    /// <summary>The member <c>inherit</c> of the union PAPI_option_t, which is 264 bytes in all.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 264)]
    internal struct PAPI_inherit_option_t
    {
        internal int eventset;
        internal int inherit;
    }

    /// <summary>The member <c>domain</c> of the union PAPI_option_t.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 264)]
    internal struct PAPI_domain_option_t
    {
        internal int def_cidx;
        internal int eventset;
        internal int domain;
    }

    /// <summary>
    /// What is used of the description of an event. It is 6,680 bytes long up to PAPI 7.1 and 23,068 in 7.2, which added to its end; the
    /// library writes all of it, so this is larger than any.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 65536)]
    internal struct PAPI_event_info_t
    {
        [FieldOffset(1092)]
        internal fixed byte long_descr[1024];

        [FieldOffset(2208)]
        internal uint count;

        [FieldOffset(2536)]
        internal fixed uint code[PAPI_MAX_INFO_TERMS];
    }
}
