using MemSnoop.Disturbances;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Disturbances that a test announces: they lie in every window until the test takes them back.</summary>
internal sealed class FakeDisturbances : IDisturbanceWatch, IDisturbanceMoment
{
    public DisturbanceReport Report { get; set; } = DisturbanceReport.Quiet;

    /// <summary>What happens, once, in the middle of the next pass.</summary>
    public Action? OnNow { get; set; }

    public IDisturbanceMoment Now()
    {
        Action? action = OnNow;
        OnNow = null;
        action?.Invoke();
        return this;
    }

    public DisturbanceReport Compare(IDisturbanceMoment start, IDisturbanceMoment end) => Report;

    public byte[] Describe(IDisturbanceMoment moment) => [1, 2, 3];

    public IDisturbanceMoment? Recall(ReadOnlySpan<byte> description, TimeSpan gap) => description is [1, 2, 3] ? this : null;

    public void Dispose()
    {
    }
}
