using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Many at once finds what one at a time finds, wherever it begins and ends.</summary>
public class ChangedAgesTests
{
    private const byte Used = 3;

    [Fact]
    public void Idle_pages_of_another_age_are_found_and_no_others()
    {
        Random random = new(5);
        for (int round = 0; round < 2000; round++)
        {
            // Few ages, so that most are the same.
            byte[] before = new byte[random.Next(0, 70)];
            byte[] now = new byte[before.Length];
            for (int i = 0; i < now.Length; i++)
            {
                before[i] = Age(random);
                now[i] = random.Next(8) == 0 ? Age(random) : before[i];
            }

            int[] expected = [.. Enumerable.Range(0, now.Length).Where(i => now[i] != before[i] && now[i] != Used && now[i] != Epochs.Absent)];
            List<int> found = [];
            for (int i = ChangedAges.Next(before, now, 0, Used); i < now.Length; i = ChangedAges.Next(before, now, i + 1, Used))
            {
                found.Add(i);
            }

            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void Ages_are_found_where_they_are_as_they_are_copied()
    {
        PageAges ages = new();
        Random random = new(6);
        ulong page = 100;
        for (int range = 0; range < 50; range++)
        {
            random.NextBytes(ages.Append(page, random.Next(1, 40)));
            page += (ulong)random.Next(40, 60);
        }

        byte[] copied = new byte[8];
        int inOnePiece = 0;
        for (ulong first = 90; first < page + 10; first++)
        {
            ages.Read(first, copied);
            if (ages.TryFind(first, copied.Length, out ReadOnlySpan<byte> found))
            {
                inOnePiece++;
                Assert.Equal(copied, found.ToArray());
            }
        }

        Assert.InRange(inOnePiece, 100, 2000);

        // From the end back to the beginning: it is a hint only where it looked last.
        Assert.True(ages.TryFind(100, 1, out _));
        Assert.False(ages.TryFind(99, 2, out _));
    }

    private static byte Age(Random random) => random.Next(6) is 5 ? Epochs.Absent : (byte)random.Next(5);
}
