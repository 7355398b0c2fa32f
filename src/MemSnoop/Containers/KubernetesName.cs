using System.Buffers;

namespace MemSnoop.Containers;

/// <summary>
/// The form of names in Kubernetes: labels and subdomains of DNS (RFC 1123). A source that says another name is wrong, and what it says is not published.
/// </summary>
internal static class KubernetesName
{
    private const int LongestLabel = 63;
    private const int LongestSubdomain = 253;

    private static readonly SearchValues<char> LabelCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> SubdomainCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");
    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789abcdef");

    /// <summary>Whether this can be the name of a namespace, or of a container.</summary>
    internal static bool IsLabel(ReadOnlySpan<char> name) => name.Length is > 0 and <= LongestLabel && !name.ContainsAnyExcept(LabelCharacters);

    /// <summary>Whether this can be the name of a pod.</summary>
    internal static bool IsSubdomain(ReadOnlySpan<char> name) => name.Length is > 0 and <= LongestSubdomain && !name.ContainsAnyExcept(SubdomainCharacters);

    /// <summary>Whether this can be the id of a container.</summary>
    internal static bool IsContainerId(ReadOnlySpan<char> id) => id.Length == 64 && !id.ContainsAnyExcept(Hexadecimal);

    /// <summary>Whether this can be the uid of a pod, or for a static pod the hash of its configuration.</summary>
    internal static bool IsPodUid(ReadOnlySpan<char> uid) => uid.Length == 32 ? !uid.ContainsAnyExcept(Hexadecimal) : uid.Length == 36 && Guid.TryParseExact(uid, "D", out _);
}
