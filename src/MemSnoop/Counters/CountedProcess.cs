namespace MemSnoop.Counters;

/// <summary>A process whose events are counted, by as many providers as that takes.</summary>
internal sealed class CountedProcess(CounterGroup[] groups, int events) : IDisposable
{
    /// <summary>One for each provider.</summary>
    internal GroupAttachment[] Attachments { get; } = Array.ConvertAll(groups, static group => new GroupAttachment(group));

    /// <summary>The array that its samples share, where they do.</summary>
    internal CounterValue?[] Values { get; } = new CounterValue?[events];

    /// <summary>The round of the measurement in which the process was last measured.</summary>
    internal long Round { get; set; }

    internal DateTimeOffset? CountingSince(int place)
    {
        foreach (GroupAttachment attachment in Attachments)
        {
            if (attachment.Group.Places.Contains(place))
            {
                return attachment.Since;
            }
        }

        return null;
    }

    public void Dispose()
    {
        foreach (GroupAttachment attachment in Attachments)
        {
            attachment.Dispose();
        }
    }
}
