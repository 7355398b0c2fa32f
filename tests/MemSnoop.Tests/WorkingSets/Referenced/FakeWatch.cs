using MemSnoop.Disturbances;

namespace MemSnoop.Tests.WorkingSets.Referenced;

/// <summary>A watch that tells what the test wants of everything that happened.</summary>
internal sealed class FakeWatch : IDisturbanceWatch
{
    /// <summary>Told of what lies between two moments if it happened in between.</summary>
    public List<(int After, DisturbanceReport Report)> Happened { get; } = [];

    public int Moments { get; private set; }

    public int Open { get; private set; }

    public int Comparisons { get; private set; }

    /// <summary>Something happens now.</summary>
    public void Happens(DisturbanceReport report) => Happened.Add((Moments, report));

    public IDisturbanceMoment Now()
    {
        Open++;
        Moments++;
        return new Moment(this, Moments);
    }

    public byte[] Describe(IDisturbanceMoment moment) => [];

    public IDisturbanceMoment? Recall(ReadOnlySpan<byte> description, TimeSpan gap) => null;

    public DisturbanceReport Compare(IDisturbanceMoment start, IDisturbanceMoment end)
    {
        Comparisons++;
        (int from, int to) = (((Moment)start).Number, ((Moment)end).Number);
        return Happened.Find(each => each.After >= from && each.After < to).Report ?? DisturbanceReport.Quiet;
    }

    public void Dispose()
    {
    }

    private sealed class Moment(FakeWatch watch, int number) : IDisturbanceMoment
    {
        public int Number => number;

        public void Dispose() => watch.Open--;
    }
}
