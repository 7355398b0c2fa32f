namespace MemSnoop.Exporter.Otlp;

/// <summary>Marks the meters of streams, which are for the SDK alone, and tells its view how many series one shall hold.</summary>
/// <param name="Owner">Whose they are.</param>
/// <param name="Room">The most series.</param>
internal sealed record PushScope(object Owner, int Room);
