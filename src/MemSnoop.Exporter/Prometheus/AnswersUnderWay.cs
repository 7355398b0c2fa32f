using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// The answers that are being sent. Each holds its text in memory until the client has read it, so there is a limit. At the limit a new one waits for a place, and after a second it takes
/// that of the oldest: who still reads then keeps nobody out.
/// </summary>
internal sealed class AnswersUnderWay(int limit, TimeProvider clock) : IDisposable
{
    /// <summary>How long a scrape waits for a place.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _places = new(limit == 0 ? int.MaxValue : limit);
    private readonly LinkedList<Answer> _answers = [];

    /// <summary>Makes room for one more.</summary>
    /// <param name="context">Its request.</param>
    /// <returns>Its entry, or null: all others have just begun.</returns>
    /// <exception cref="OperationCanceledException">The client has left meanwhile.</exception>
    internal async ValueTask<Answer?> BeginAsync(HttpContext context)
    {
        HttpContext? oldest = null;
        if (!await _places.WaitAsync(Patience, context.RequestAborted).ConfigureAwait(false) && !TryTakeFromOldest(out oldest))
        {
            return null;
        }

        Answer answer = new(context, clock.GetTimestamp(), oldest is not null);
        lock (_gate)
        {
            _answers.AddLast(answer);
        }

        oldest?.Abort();
        return answer;
    }

    /// <summary>The answer has been sent, or has failed.</summary>
    internal void End(Answer answer)
    {
        lock (_gate)
        {
            if (!_answers.Remove(answer))
            {
                // Another has its place.
                return;
            }
        }

        _places.Release();
    }

    public void Dispose() => _places.Dispose();

    private bool TryTakeFromOldest(out HttpContext? oldest)
    {
        lock (_gate)
        {
            oldest = null;
            if (_answers.First is not { } first || clock.GetElapsedTime(first.Value.Began) < Patience)
            {
                return false;
            }

            oldest = first.Value.Context;
            _answers.Remove(first);
            return true;
        }
    }

    /// <summary>One answer.</summary>
    /// <param name="Context">Its request.</param>
    /// <param name="Began">When it began, a timestamp of the monotonic clock.</param>
    /// <param name="HasBrokenOff">Whether another was broken off for it.</param>
    internal sealed record Answer(HttpContext Context, long Began, bool HasBrokenOff);
}
