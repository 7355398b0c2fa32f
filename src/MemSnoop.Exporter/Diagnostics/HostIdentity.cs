using System.Security.Cryptography;

namespace MemSnoop.Exporter.Diagnostics;

/// <summary>
/// An id of the host for the network. <c>machine-id(5)</c> asks not to show the machine's own id to others, and to derive one for each application:
/// HMAC-SHA256 of the application's id, keyed by the machine's, as <c>sd_id128_get_machine_app_specific(3)</c> does.
/// </summary>
internal static class HostIdentity
{
    /// <summary>The id of this application, chosen at random and never to be changed. <c>systemd-id128 machine-id --app-specific=</c> with it prints the host's id.</summary>
    internal const string Application = "0a865161e37c47fd853b2a1020f4ddd4";

    private const int Bytes = 16;

    /// <summary>The id as 32 hexadecimal digits, a random UUID by its form (version 4, RFC 9562); null for what is no id of a machine.</summary>
    internal static string? FromMachineId(string? machine)
    {
        if (machine is not { Length: 2 * Bytes } || !machine.All(char.IsAsciiHexDigit))
        {
            return null;
        }

        byte[] id = HMACSHA256.HashData(Convert.FromHexString(machine), Convert.FromHexString(Application))[..Bytes];
        id[6] = (byte)((id[6] & 0x0f) | 0x40);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return Convert.ToHexStringLower(id);
    }
}
