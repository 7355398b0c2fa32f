namespace MemSnoop.Disturbances;

/// <summary>Watches what else takes accessed bits on this host.</summary>
internal interface IDisturbanceWatch : IDisposable
{
    /// <summary>The state of this moment, to be compared with that of a later one. Costs microseconds and changes nothing.</summary>
    IDisturbanceMoment Now();

    /// <summary>What happened between two moments.</summary>
    DisturbanceReport Compare(IDisturbanceMoment start, IDisturbanceMoment end);

    /// <summary>A moment as bytes, for the watch of another program.</summary>
    byte[] Describe(IDisturbanceMoment moment);

    /// <summary>A moment that another program's watch has described.</summary>
    /// <param name="description">What <see cref="Describe"/> returned.</param>
    /// <param name="gap">How long ago that was.</param>
    /// <returns>The moment; null if these are not the bytes of one.</returns>
    IDisturbanceMoment? Recall(ReadOnlySpan<byte> description, TimeSpan gap);
}

/// <summary>What a watch knows of one moment. Give it back by disposing it, so that its memory is used again.</summary>
internal interface IDisturbanceMoment : IDisposable;

/// <summary>A watch for hosts, and tests, where nothing disturbs.</summary>
internal sealed class NoDisturbances : IDisturbanceWatch, IDisturbanceMoment
{
    internal static NoDisturbances Instance { get; } = new();

    public IDisturbanceMoment Now() => this;

    public DisturbanceReport Compare(IDisturbanceMoment start, IDisturbanceMoment end) => DisturbanceReport.Quiet;

    public byte[] Describe(IDisturbanceMoment moment) => [];

    public IDisturbanceMoment? Recall(ReadOnlySpan<byte> description, TimeSpan gap) => this;

    public void Dispose()
    {
    }
}
