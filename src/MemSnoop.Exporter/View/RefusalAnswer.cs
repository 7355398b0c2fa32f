namespace MemSnoop.Exporter.View;

/// <summary>Why there is no answer.</summary>
/// <param name="Reason">One word, like those of metrics.</param>
/// <param name="Error">A sentence for people.</param>
internal sealed record RefusalAnswer(string Reason, string Error);
