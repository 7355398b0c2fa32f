using FsCheck;
using FsCheck.Fluent;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

public class PageAgesTests
{
    [Fact]
    public void Any_range_reads_as_written_and_gaps_as_absent()
    {
        Gen<(int Gap, int Count)[]> runs = Gen.Zip(Gen.Choose(0, 5), Gen.Choose(1, 40)).Select(static pair => (pair.Item1, pair.Item2)).ArrayOf(12);
        Gen<((int Gap, int Count)[], int, int)> cases =
            from written in runs
            from start in Gen.Choose(0, 500)
            from count in Gen.Choose(0, 300)
            select (written, start, count);
        Prop.ForAll(cases.ToArbitrary(), static given => ReadsAsWritten(given.Item1, given.Item2, given.Item3))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Neighbouring_runs_are_one_range_and_a_copy_takes_no_more_than_it_needs()
    {
        PageAges ages = new();
        for (ulong page = 0; page < 100_000; page += 100)
        {
            ages.Append(page, 100).Fill(3);
        }

        PageAges copy = new();
        copy.CopyFrom(ages);

        Assert.InRange(copy.StateBytes, 100_000, 113_000);
        ages.Clear();
        ages.Append(5, 10).Fill(4);
        copy.CopyFrom(ages);
        Assert.InRange(copy.StateBytes, 10, 100);
    }

    [Fact]
    public void Every_age_is_rewritten_by_a_table()
    {
        PageAges ages = new();
        ages.Append(7, 3).Fill(9);
        ages.Append(20, 3).Fill(Epochs.Absent);
        byte[] table = new byte[256];
        table[9] = 4;
        table[Epochs.Absent] = Epochs.Absent;

        ages.Translate(table);

        byte[] read = new byte[16];
        ages.Read(7, read);
        Assert.Equal([4, 4, 4, .. Enumerable.Repeat(Epochs.Absent, 13)], read);
    }

    private static bool ReadsAsWritten((int Gap, int Count)[] runs, int start, int count)
    {
        PageAges written = new();
        Dictionary<ulong, byte> expected = [];
        ulong page = 0;
        byte value = 0;
        foreach ((int gap, int length) in runs)
        {
            page += (ulong)gap;
            foreach (ref byte age in written.Append(page, length))
            {
                age = value;
                expected[page++] = value;
                value = (byte)((value + 1) % 250);
            }
        }

        PageAges ages = new();
        ages.CopyFrom(written);
        byte[] read = new byte[count];
        ages.Read((ulong)start, read);
        return Enumerable.Range(0, count).All(i => read[i] == expected.GetValueOrDefault((ulong)(start + i), Epochs.Absent));
    }
}
