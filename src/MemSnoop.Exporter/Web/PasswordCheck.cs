using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MemSnoop.Exporter.Web;

/// <summary>
/// Checks names and passwords against bcrypt hashes, and remembers of each user the password that was right last, so that it costs a scrape nothing. Wrong ones are never remembered, so a
/// flood of them drives nothing out.
/// </summary>
internal sealed class PasswordCheck
{
    // Of this process alone: nobody can tell beforehand what a login is remembered by.
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Dictionary<string, User> _users;
    private readonly User[] _all;
    private readonly PasswordQueue _queue;
    private readonly Func<string, string, bool> _verify;

    /// <param name="users">Names and hashes, at least one.</param>
    /// <param name="queue">Where hashes are computed.</param>
    internal PasswordCheck(IReadOnlyDictionary<string, string> users, PasswordQueue queue)
        : this(users, queue, static (password, hash) => BCrypt.Net.BCrypt.Verify(password, hash))
    {
    }

    /// <inheritdoc cref="PasswordCheck(IReadOnlyDictionary{string, string}, PasswordQueue)"/>
    /// <param name="users">Names and hashes, at least one.</param>
    /// <param name="queue">Where hashes are computed.</param>
    /// <param name="verify">Whether a password has a hash.</param>
    internal PasswordCheck(IReadOnlyDictionary<string, string> users, PasswordQueue queue, Func<string, string, bool> verify)
    {
        _verify = verify;
        _users = users.ToDictionary(static user => user.Key, static user => new User(user.Value), StringComparer.Ordinal);
        _all = [.. _users.Values];
        _queue = queue;
    }

    /// <summary>Checks a login.</summary>
    /// <returns>Whether it is right; null if too many wait already to be told.</returns>
    internal async ValueTask<bool?> CheckAsync(string name, string password, UInt128 peer, CancellationToken cancel)
    {
        // A name that is not known is checked against the hash of some user, always of the same, and then refused: its answer takes as long.
        bool isKnown = _users.TryGetValue(name, out User? user);
        user ??= StandIn(name);
        byte[] digest = Digest(name, user.Hash, password);
        if (user.LastRight is { } right && CryptographicOperations.FixedTimeEquals(right, digest))
        {
            return isKnown;
        }

        if (await _queue.RunAsync(peer, () => _verify(password, user.Hash), cancel).ConfigureAwait(false) is not { } isRight)
        {
            return null;
        }

        if (isRight && isKnown)
        {
            user.LastRight = digest;
        }

        return isRight && isKnown;
    }

    private User StandIn(string name) => _all[BinaryPrimitives.ReadUInt32LittleEndian(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(name))) % (uint)_all.Length];

    // Each part with its length before it, so that no two logins make the same text.
    private byte[] Digest(string name, string hash, string password)
    {
        using IncrementalHash digest = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string part in (ReadOnlySpan<string>)[name, hash, password])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            digest.AppendData(length);
            digest.AppendData(bytes);
        }

        return digest.GetHashAndReset();
    }

    private sealed class User(string hash)
    {
        private byte[]? _lastRight;

        internal string Hash => hash;

        internal byte[]? LastRight
        {
            get => Volatile.Read(ref _lastRight);
            set => Volatile.Write(ref _lastRight, value);
        }
    }
}
