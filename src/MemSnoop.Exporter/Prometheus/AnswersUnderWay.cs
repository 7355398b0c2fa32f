using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// The answers that are being sent. Each holds its text in memory until the client has read it, so there is a limit. At the limit the oldest one makes room: who still reads after
/// a second keeps nobody out.
/// </summary>
internal sealed class AnswersUnderWay(int limit, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LinkedList<(HttpContext Context, long Began)> _answers = [];

    /// <summary>Makes room for one more.</summary>
    /// <param name="context">Its request.</param>
    /// <param name="brokenOff">The request whose answer is to be broken off for it, if any.</param>
    /// <returns>Its entry, or null: all others have just begun.</returns>
    internal LinkedListNode<(HttpContext Context, long Began)>? TryBegin(HttpContext context, out HttpContext? brokenOff)
    {
        brokenOff = null;
        lock (_gate)
        {
            if (limit > 0 && _answers.Count >= limit)
            {
                LinkedListNode<(HttpContext Context, long Began)> oldest = _answers.First!;
                if (clock.GetElapsedTime(oldest.Value.Began) < Patience)
                {
                    return null;
                }

                brokenOff = oldest.Value.Context;
                _answers.Remove(oldest);
            }

            return _answers.AddLast((context, clock.GetTimestamp()));
        }
    }

    /// <summary>The answer has been sent, or has failed.</summary>
    internal void End(LinkedListNode<(HttpContext Context, long Began)> answer)
    {
        lock (_gate)
        {
            if (answer.List is not null)
            {
                _answers.Remove(answer);
            }
        }
    }
}
