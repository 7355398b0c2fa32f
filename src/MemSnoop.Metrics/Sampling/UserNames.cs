using System.Globalization;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Names of users, each looked up once: a host has few of them. Used by one thread at a time.</summary>
internal sealed class UserNames
{
    private readonly Dictionary<uint, string> _names = [];

    /// <summary>The name as <c>ps -o user</c> shows it, or the number.</summary>
    internal string NameOf(uint user)
    {
        if (!_names.TryGetValue(user, out string? name))
        {
            name = UserId.TryGetName(user) ?? user.ToString(CultureInfo.InvariantCulture);
            _names[user] = name;
        }

        return name;
    }
}
