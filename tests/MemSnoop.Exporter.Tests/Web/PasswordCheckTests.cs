using System.Globalization;
using MemSnoop.Exporter.Web;

namespace MemSnoop.Exporter.Tests.Web;

/// <summary>Logins: who is let in, what is remembered, and what an attacker learns.</summary>
public sealed class PasswordCheckTests : IDisposable
{
    // The least there is.
    private const int Cost = 4;

    private readonly PasswordQueue _queue = new();
    private readonly PasswordCheck _check;

    public PasswordCheckTests() => _check = new PasswordCheck(
        new Dictionary<string, string> { ["alice"] = Hash("open sesame"), ["bob"] = Hash("ü:\0x") }, _queue);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("alice", "open sesame", true)]
    [InlineData("bob", "ü:\0x", true)]
    [InlineData("alice", "Open sesame", false)]
    [InlineData("alice", "", false)]
    [InlineData("Alice", "open sesame", false)]
    [InlineData("bob", "open sesame", false)]
    [InlineData("", "", false)]
    [InlineData("mallory", "open sesame", false)]
    public async Task Only_the_right_name_with_its_password_gets_in_and_again(string name, string password, bool isRight)
    {
        Assert.Equal(isRight, await CheckAsync(name, password));
        Assert.Equal(isRight, await CheckAsync(name, password));
    }

    [Fact]
    public async Task What_was_right_is_remembered_for_that_name_alone_however_many_wrong_ones_come()
    {
        Assert.True(await CheckAsync("alice", "open sesame"));
        for (int i = 0; i < 20; i++)
        {
            Assert.False(await CheckAsync("alice", i.ToString(CultureInfo.InvariantCulture)));
            Assert.False(await CheckAsync($"user {i}", "open sesame"));
        }

        // No hash is computed: the queue is full, and still it is told.
        using ManualResetEventSlim gate = new();
        Task[] others = [.. Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(peer => _queue.RunAsync((UInt128)peer, () => Opened(gate), Cancel))];
        Assert.True(await CheckAsync("alice", "open sesame"));
        Assert.Null(await CheckAsync("alice", "wrong"));
        Assert.Null(await CheckAsync("bob", "ü:\0x"));
        gate.Set();
        await Task.WhenAll(others);
    }

    // CVE-2022-46146: where name, hash and password were glued together, one login could be remembered for another.
    [Theory]
    [InlineData("alic", "eopen sesame")]
    [InlineData("aliceopen", " sesame")]
    [InlineData("alice:open sesame", "")]
    public async Task A_login_that_has_the_same_characters_is_another_one(string name, string password)
    {
        Assert.True(await CheckAsync("alice", "open sesame"));
        Assert.False(await CheckAsync(name, password));
    }

    [Fact]
    public async Task An_unknown_name_costs_as_much_as_a_wrong_password()
    {
        List<string> computed = [];
        PasswordCheck check = new(new Dictionary<string, string> { ["alice"] = "hash", ["bob"] = "other hash" }, _queue, (_, hash) =>
        {
            computed.Add(hash);
            return true;
        });
        Assert.True(await check.CheckAsync("alice", "a", default, Cancel));
        for (int i = 0; i < 40; i++)
        {
            // The hash is always computed, once, of some user; even if the password is that user's.
            string name = $"user {i / 2}";
            Assert.False(await check.CheckAsync(name, "a", default, Cancel));
        }

        Assert.Equal(41, computed.Count);
        Assert.Equal(["hash", "other hash"], computed.Distinct().Order());
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(computed[1 + (2 * i)], computed[2 + (2 * i)]));
    }

    [Fact]
    public async Task No_peer_fills_the_queue_alone()
    {
        using ManualResetEventSlim gate = new();
        Task<bool?>[] flood = [.. Enumerable.Range(0, 10).Select(_ => _queue.RunAsync(1, () => Opened(gate), Cancel))];
        Task<bool?> other = _queue.RunAsync(2, static () => true, Cancel);
        gate.Set();
        Assert.True(await other);
        bool?[] answers = await Task.WhenAll(flood);
        Assert.Equal(PasswordQueue.MaxOfPeer, answers.Count(static answer => answer is not null));
    }

    [Fact]
    public async Task Few_hashes_are_computed_at_a_time()
    {
        int now = 0;
        int most = 0;
        bool?[] answers = await Task.WhenAll(Enumerable.Range(0, PasswordQueue.MaxWaiting).Select(peer => _queue.RunAsync((UInt128)peer, () =>
        {
            int mine = Interlocked.Increment(ref now);
            InterlockedMax(ref most, mine);
            Thread.SpinWait(10_000);
            Interlocked.Decrement(ref now);
            return true;
        }, Cancel)));
        Assert.All(answers, static answer => Assert.True(answer));
        Assert.InRange(most, 1, Math.Max(1, Environment.ProcessorCount / 4));
    }

    public void Dispose() => _queue.Dispose();

    private static string Hash(string password) => BCrypt.Net.BCrypt.HashPassword(password, Cost);

    private static bool Opened(ManualResetEventSlim gate)
    {
        Eventually.Released(gate);
        return true;
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    private ValueTask<bool?> CheckAsync(string name, string password) => _check.CheckAsync(name, password, default, Cancel);
}
