namespace MemSnoop.Testing;

/// <summary>Certificates of one run, as PEM files: an authority, a server and a client that it vouches for, and an authority that is a stranger.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public Certificates()
    {
        using TestAuthority authority = new("MemSnoop test authority");
        using TestAuthority stranger = new("MemSnoop test stranger");
        Authority = _directory.Write("authority.pem", authority.Pem);
        Stranger = _directory.Write("stranger.pem", stranger.Pem);
        Server = Write("server", authority.Issue("localhost", "127.0.0.1"));
        Client = Write("client", authority.Issue("client"));
        StrangerClient = Write("stranger-client", stranger.Issue("stranger-client"));
    }

    /// <summary>The certificate of the authority that vouches for <see cref="Server"/> and <see cref="Client"/>.</summary>
    public string Authority { get; }

    /// <summary>The certificate of an authority that vouches for neither.</summary>
    public string Stranger { get; }

    /// <summary>For <c>localhost</c> and 127.0.0.1.</summary>
    public (string Certificate, string Key) Server { get; }

    public (string Certificate, string Key) Client { get; }

    /// <summary>A client of the other authority.</summary>
    public (string Certificate, string Key) StrangerClient { get; }

    public void Dispose() => _directory.Dispose();

    private (string Certificate, string Key) Write(string name, (string Certificate, string Key) issued) =>
        (_directory.Write(name + ".pem", issued.Certificate), _directory.Write(name + ".key", issued.Key));
}
