using System.Runtime.InteropServices;
using System.Text;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The library, loaded and initialised. It is never shut down: that would destroy the event sets of all users, and a process cannot load it twice. All members
/// are for <see cref="PapiThread"/> only.
/// </summary>
internal sealed unsafe class PapiLibrary
{
    /// <summary>The component of processors and the kernel, the only one on Linux that can be attached to another process.</summary>
    internal const string ComponentName = "perf_event";

    /// <summary>
    /// The sonames of the known versions, newest first. Debian's carry the minor version, upstream's only the major one; without a
    /// version the name comes with the development files.
    /// </summary>
    internal static readonly string[] FileNames =
        ["libpapi.so.7.2", "libpapi.so.7.1", "libpapi.so.7.0", "libpapi.so.7", "libpapi.so.6.0", "libpapi.so.6", "libpapi.so"];

    private PapiLibrary(PapiNative native, PapiVersion version, int component, string disabledReason)
    {
        Native = native;
        Version = version;
        Component = component;
        DisabledReason = disabledReason;
    }

    internal PapiNative Native { get; }

    internal PapiVersion Version { get; }

    /// <summary>The component's number; negative when this build of the library lacks it.</summary>
    internal int Component { get; }

    /// <summary>The library's reason why the component is off; empty if it is on.</summary>
    internal string DisabledReason { get; }

    /// <summary>Loads the first file there is.</summary>
    /// <param name="fileNames">Sonames, or paths.</param>
    /// <param name="problem">A reason in one word, an explanation and advice, when there is no library that can be used.</param>
    internal static PapiLibrary? Load(IReadOnlyList<string> fileNames, out (string Reason, string Explanation, string Advice) problem)
    {
        nint file = 0;
        string? name = fileNames.FirstOrDefault(name => NativeLibrary.TryLoad(name, out file));
        if (name is null)
        {
            problem = ("no_library", "libpapi is not installed", "to count events of the processor, install it (Debian: libpapi7.0 or its successor; Fedora: papi-libs)");
            return null;
        }

        PapiNative native;
        try
        {
            native = new PapiNative(file);
        }
        catch (EntryPointNotFoundException missing)
        {
            problem = ("unsupported_version", $"{name} is not a known version of libpapi: {missing.Message}", $"install a version from {PapiVersion.Known}");
            return null;
        }

        // Initialisation refuses any other version than its own. Since 7.0 one may ask for it before; what does not answer can only be 6.0.
        int answer = native.PAPI_get_opt(PAPI_LIB_VERSION, null);
        PapiVersion version = answer > 0 ? new PapiVersion(answer) : PapiVersion.Oldest;
        int initialised = version.IsKnown ? native.PAPI_library_init(version.Interface) : PAPI_EINVAL;
        if (initialised == PAPI_EINVAL)
        {
            string which = answer > 0 ? $"is PAPI {version}" : "is older than PAPI 7.0 and not 6.0";
            problem = ("unsupported_version", $"{name} {which}, whose structures are not known", $"install a version from {PapiVersion.Known}");
            return null;
        }

        if (initialised != version.Interface)
        {
            problem = ("init_failed", $"PAPI {version} cannot be initialised: {Text(native.PAPI_strerror(initialised))}", "run papi_component_avail of the package papi-tools for details");
            return null;
        }

        version = new PapiVersion(native.PAPI_get_opt(PAPI_LIB_VERSION, null));

        // Errors are reported by their codes; the library must not write to stderr.
        native.PAPI_set_debug(PAPI_QUIET);
        native.PAPI_multiplex_init();
        problem = default;
        int component = FindComponent(native);
        return new PapiLibrary(native, version, component, component < 0 ? "" : ReasonWhyDisabled(native, version, component));
    }

    /// <summary>The library's text for one of its error codes.</summary>
    internal string Describe(int error) => Text(Native.PAPI_strerror(error));

    /// <summary>The code of an event; false if the name is unknown.</summary>
    internal bool TryGetCode(string name, out int code)
    {
        int found = 0;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            bool isFound = Native.PAPI_event_name_to_code(text, &found) == PAPI_OK;
            code = found;
            return isFound;
        }
    }

    /// <summary>The events of a kind, in the library's order.</summary>
    /// <param name="mask">PAPI_PRESET_MASK or PAPI_NATIVE_MASK.</param>
    internal List<int> Enumerate(int mask)
    {
        List<int> codes = [];
        int code = mask;
        bool isPreset = mask == PAPI_PRESET_MASK;
        for (int modifier = PAPI_ENUM_FIRST; Advance(&code, modifier) == PAPI_OK; modifier = PAPI_ENUM_EVENTS)
        {
            codes.Add(code);
            int masked = code;
            while (!isPreset && Native.PAPI_enum_cmp_event(&masked, Version.EnumUmasks, Component) == PAPI_OK)
            {
                codes.Add(masked);
            }
        }

        return codes;

        int Advance(int* at, int modifier) =>
            isPreset ? Native.PAPI_enum_event(at, modifier) : Native.PAPI_enum_cmp_event(at, modifier, Component);
    }

    /// <summary>Name, description and parts of an event; null when the library does not know the code.</summary>
    internal PapiEvent? Look(int code)
    {
        // Far longer than any name: 1,024 is the library's own limit.
        byte* name = stackalloc byte[4096];
        PAPI_event_info_t information = default;
        if (Native.PAPI_event_code_to_name(code, name) != PAPI_OK || Native.PAPI_get_event_info(code, &information) != PAPI_OK)
        {
            return null;
        }

        bool isPreset = (code & PAPI_PRESET_MASK) != 0;
        int[] parts = [code];
        if (isPreset)
        {
            int count = (int)uint.Min(information.count, PAPI_MAX_INFO_TERMS);
            parts = [.. new ReadOnlySpan<uint>(information.code, count).ToArray().Select(static part => (int)part).Distinct()];
        }

        return new PapiEvent(Text(name), Text(information.long_descr), code, parts);
    }

    private static int FindComponent(PapiNative native)
    {
        for (int i = 0; i < native.PAPI_num_components(); i++)
        {
            byte* information = native.PAPI_get_component_info(i);
            if (information != null && Text(information) == ComponentName)
            {
                return i;
            }
        }

        return -1;
    }

    private static string ReasonWhyDisabled(PapiNative native, PapiVersion version, int component)
    {
        byte* information = native.PAPI_get_component_info(component);
        int error = *(int*)(information + version.DisabledOffset);
        if (error == PAPI_OK)
        {
            return "";
        }

        string reason = Text(information + PapiVersion.DisabledReasonOffset);
        return reason.Length > 0 ? reason : Text(native.PAPI_strerror(error));
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
}

/// <summary>An event as the library knows it.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Description">What one count is.</param>
/// <param name="Code">Its number, valid until the process ends.</param>
/// <param name="Natives">The events it is computed from, or itself if it is native; each takes a descriptor. Empty for a preset that this processor does not
/// have.</param>
internal sealed record PapiEvent(string Name, string Description, int Code, IReadOnlyList<int> Natives);
