using System.Globalization;

namespace MemSnoop.Counters.Papi;

/// <summary>A version of the library, and where its versions differ. Source: <c>papi.h</c> of each.</summary>
/// <param name="Number">As in PAPI_VERSION: major, minor, revision and increment, a byte each from the highest down.</param>
internal readonly record struct PapiVersion(int Number)
{
    /// <summary>The versions whose structures and numbers are known: those of Debian 11 to 14.</summary>
    internal const string Known = "6.0 to 7.2";

    /// <summary>The version that does not tell its number before it is initialised.</summary>
    internal static PapiVersion Oldest => new(0x06000000);

    /// <summary>Major and minor version alone, PAPI_VER_CURRENT: what a program is built against and the library compares.</summary>
    internal int Interface => Number & unchecked((int)0xffff0000);

    private int Major => (Number >> 24) & 0xff;

    private int Minor => (Number >> 16) & 0xff;

    /// <summary>Whether it is one of those.</summary>
    internal bool IsKnown => (Major, Minor) is (6, 0) or (7, 0 or 1 or 2);

    /// <summary>PAPI_NTV_ENUM_UMASKS: 7.2 put three kinds of presets before it.</summary>
    internal int EnumUmasks => (Major, Minor) is (7, 2) ? 18 : 15;

    /// <summary>Where PAPI_component_info_t tells why a component is off, in text.</summary>
    internal static int DisabledReasonOffset => 512;

    /// <summary>Where PAPI_component_info_t says whether a component is off: 7.0 made room for longer reasons.</summary>
    internal int DisabledOffset => Major == 6 ? 640 : 1536;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Major}.{Minor}.{(Number >> 8) & 0xff}.{Number & 0xff}");
}
