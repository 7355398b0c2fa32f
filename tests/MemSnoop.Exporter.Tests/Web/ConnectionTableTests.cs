using System.Net;
using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.Web;

/// <summary>Who gets a place among the connections, and who has to go for it.</summary>
public sealed class ConnectionTableTests : IDisposable
{
    private const int Limit = 3;

    private readonly FakeTimeProvider _clock = new();
    private readonly RefusalCounts _refusals = new();
    private readonly ConnectionTable _table;

    public ConnectionTableTests() => _table = new ConnectionTable(Limit, _refusals, _clock);

    [Fact]
    public async Task There_are_never_more_than_the_limit_and_the_longest_silent_goes_first()
    {
        List<Client> clients = [];
        for (int i = 0; i < 10; i++)
        {
            clients.Add(await ConnectAsync("192.0.2.1"));
            Assert.Equal(Math.Min(i + 1, Limit), _table.Count);
        }

        Assert.All(clients[..^Limit], static client => Assert.True(client.IsAborted));
        Assert.All(clients[^Limit..], static client => Assert.False(client.IsAborted));
        Assert.Equal(7, _refusals.Of(Refusal.NoRequest));
    }

    [Fact]
    public async Task Who_has_sent_a_request_stays_longer_than_who_has_not()
    {
        Client scraper = await ConnectAsync("192.0.2.1");
        Ask(scraper);
        Client[] silent = [await ConnectAsync("192.0.2.2"), await ConnectAsync("192.0.2.3")];
        await ConnectAsync("192.0.2.4");
        Assert.True(silent[0].IsAborted);
        await ConnectAsync("192.0.2.5");
        Assert.True(silent[1].IsAborted);
        Assert.False(scraper.IsAborted);
    }

    [Fact]
    public async Task The_peer_with_most_connections_gives_way_to_others()
    {
        Client first = await ConnectAsync("192.0.2.1");
        Client[] many = [await ConnectAsync("192.0.2.2"), await ConnectAsync("192.0.2.2")];
        await ConnectAsync("192.0.2.3");
        Assert.Equal((false, true, false), (first.IsAborted, many[0].IsAborted, many[1].IsAborted));
    }

    [Fact]
    public async Task All_addresses_of_a_network_of_IPv6_are_one_peer()
    {
        Client first = await ConnectAsync("2001:db8:0:1::1");
        Client[] many = [await ConnectAsync("2001:db8:0:2::1"), await ConnectAsync("2001:db8:0:2:1::2")];
        await ConnectAsync("2001:db8:0:3::1");
        Assert.Equal((false, true, false), (first.IsAborted, many[0].IsAborted, many[1].IsAborted));
        Assert.Equal(OpenConnection.PeerOf(IPEndPoint.Parse("192.0.2.1:1")), OpenConnection.PeerOf(IPEndPoint.Parse("[::ffff:192.0.2.1]:2")));
    }

    [Fact]
    public async Task Who_is_being_answered_is_never_dropped_and_at_the_limit_the_new_one_is()
    {
        Client[] busy = [await ConnectAsync("192.0.2.1"), await ConnectAsync("192.0.2.1"), await ConnectAsync("192.0.2.1")];
        Assert.All(busy, client => _table.BeginRequest(client.Entry!));
        Assert.Null((await ConnectAsync("192.0.2.2")).Entry);
        Assert.Equal(1, _refusals.Of(Refusal.Connections));
        _table.EndRequest(busy[1].Entry!);
        Assert.NotNull((await ConnectAsync("192.0.2.2")).Entry);
        Assert.Equal((false, true, false), (busy[0].IsAborted, busy[1].IsAborted, busy[2].IsAborted));
        Assert.Equal(1, _refusals.Of(Refusal.Idle));
    }

    [Fact]
    public async Task No_more_are_accepted_while_many_that_were_dropped_are_not_closed_yet()
    {
        List<Client> clients = [];
        Task<Client> waiting = ConnectAsync("192.0.2.1");
        while (waiting.IsCompleted)
        {
            clients.Add(await waiting);
            Assert.InRange(clients.Count, 1, 100);
            waiting = ConnectAsync("192.0.2.1");
        }

        _table.Leave(clients.First(static client => client.IsAborted).Entry!);
        await waiting;
        Assert.Equal(Limit, _table.Count);
    }

    [Theory]
    [InlineData(128, 512, 16)]
    [InlineData(1024, 512, 128)]
    [InlineData(65536, 512, 512)]
    [InlineData(1024, 8, 8)]
    public void As_many_fit_as_leave_most_files_for_what_is_measured(int openFiles, int wanted, int expected) => Assert.Equal(expected, ConnectionTable.Fitting(openFiles, wanted));

    public void Dispose() => _table.Dispose();

    private void Ask(Client client)
    {
        _table.BeginRequest(client.Entry!);
        _table.EndRequest(client.Entry!);
    }

    private async Task<Client> ConnectAsync(string address)
    {
        Client client = new() { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) };
        _clock.Advance(TimeSpan.FromSeconds(1));
        client.Entry = await _table.AdmitAsync(client, TestContext.Current.CancellationToken);
        return client;
    }

    private sealed class Client : DefaultConnectionContext
    {
        public OpenConnection? Entry { get; set; }

        public bool IsAborted { get; private set; }

        public override void Abort(ConnectionAbortedException abortReason) => IsAborted = true;
    }
}
