namespace MemSnoop.Exporter.View;

/// <summary>Who asks.</summary>
internal enum ViewCaller
{
    /// <summary>Somebody who can reach the exporter's address.</summary>
    Anybody,

    /// <summary>A user who has logged in, or has shown a certificate.</summary>
    Known,

    /// <summary>Root of this host, on the local socket.</summary>
    Local,
}
