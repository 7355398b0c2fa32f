using System.Buffers;

namespace MemSnoop.Containers;

/// <summary>Which control groups are units of systemd: it names a unit's group after the unit (<c>systemd.unit(5)</c>).</summary>
internal static class SystemdUnits
{
    /// <summary>The greatest length of a unit's name (<c>systemd.unit(5)</c>: 255 characters, the suffix included).</summary>
    private const int LongestName = 255;

    /// <summary>The characters of a unit's name. All others are escaped (<c>\x2d</c>), so a group with another one is none of systemd's.</summary>
    private static readonly SearchValues<byte> Characters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"u8);

    /// <summary>Whether a group is that of a unit that has processes.</summary>
    internal static bool IsServiceOrScope(ReadOnlySpan<byte> name) => Is(name, ".service"u8) || Is(name, ".scope"u8);

    internal static bool IsSlice(ReadOnlySpan<byte> name) => Is(name, ".slice"u8);

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> suffix) =>
        name.Length > suffix.Length && name.Length <= LongestName && name.EndsWith(suffix) && !name.ContainsAnyExcept(Characters);
}
