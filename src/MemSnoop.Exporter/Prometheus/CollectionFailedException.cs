namespace MemSnoop.Exporter.Prometheus;

/// <summary>A collection came to nothing. The cause is for the log; clients are not told.</summary>
internal sealed class CollectionFailedException(Exception? cause) : Exception("The collection failed.", cause);
