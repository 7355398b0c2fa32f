using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>The file by which ages are handed over: what is written is read; and whatever else it is, it is refused, and takes no more memory than the host has.</summary>
public sealed class HandoverFileTests : IDisposable
{
    private static readonly EstimatorOptions Options = new()
    {
        GroupOf = static _ => "pod",
        ContainerOf = ChargedMemoryTests.ContainerOf,
        AgesKeptFor = TimeSpan.FromMinutes(2),
    };

    private readonly FakeHost _host = new();
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void What_is_written_is_read()
    {
        Random random = new(5);
        ulong[] bits = new ulong[FrameBlock.Words];
        byte[] ages = new byte[5000];
        for (int round = 0; round < 300; round++)
        {
            Mix(random, bits, round % 3 == 0 ? 1 : 40, static random => (ulong)random.NextInt64());
            Mix(random, ages, round % 2 == 0 ? 1 : 90, static random => (byte)random.Next(4));
            ulong number = (ulong)random.NextInt64() << random.Next(64);
            TimeSpan time = TimeSpan.FromTicks(random.NextInt64(-1000, 1L << 40));
            string path = _directory["file"];
            File.WriteAllBytes(path, []);
            Assert.Equal(ReadOutcome.Success, KernelFile.Open(path, Libc.OpenReadWrite, out KernelHandle file));
            using (file)
            {
                AgesWriter writer = new(file, 16);
                AgesWriter memory = new();
                writer.Number(number);
                writer.Before(-time, TimeSpan.FromSeconds(1));
                memory.Bits(bits);
                memory.Ages(ages);
                writer.Append(memory);
                writer.Text("pod"u8);
                writer.Flush();
                Assert.Equal((ReadOutcome.Success, KernelFile.LengthOf(file)), (writer.Outcome, 16 + writer.Length));
                Assert.Equal(writer.Checksum, new AgesReader(file, 16, 16 + writer.Length).SumUp());
                Assert.InRange(memory.Length, 4, (FrameBlock.Words * 8) + ages.Length + 2000);

                AgesReader reader = new(file, 16, 16 + writer.Length);
                ulong[] readBits = new ulong[bits.Length];
                byte[] readAges = new byte[ages.Length];
                Assert.Equal(number, reader.Number());
                Assert.Equal(-time, reader.Before(TimeSpan.FromSeconds(1)));
                reader.Bits(readBits);
                reader.Ages(readAges);
                Assert.Equal("pod"u8, reader.Text(10));
                Assert.Equal(bits, readBits);
                Assert.Equal(ages, readAges);
                Assert.True(reader.IsAtEnd);
            }
        }
    }

    [Fact]
    public void A_file_of_which_any_byte_is_another_is_damaged()
    {
        byte[] whole = File.ReadAllBytes(Leave());
        Random random = new(11);
        for (int i = 0; i < 600; i++)
        {
            byte[] bytes = [.. whole];
            bytes[i < 64 ? i : random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            Assert.NotEqual(AgesOutcome.Continued, Take(bytes));
        }
    }

    [Fact]
    public void So_is_one_that_is_cut_short_or_longer()
    {
        byte[] whole = File.ReadAllBytes(Leave());
        Assert.Equal(AgesOutcome.Continued, Take(whole));
        for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 100))
        {
            Assert.Equal(AgesOutcome.Damaged, Take(whole[..length]));
        }

        Assert.Equal(AgesOutcome.Damaged, Take([.. whole, 0]));
        Assert.Equal(AgesOutcome.Damaged, Take([]));
    }

    [Fact]
    public void One_of_a_later_version_is_told_apart()
    {
        byte[] bytes = File.ReadAllBytes(Leave());
        bytes[8]++;
        Assert.Equal(AgesOutcome.OtherVersion, Take(bytes));
    }

    /// <summary>Somebody has made the file on purpose, checksum and all.</summary>
    [Fact]
    public void Whatever_has_a_right_checksum_throws_nothing_and_takes_little_memory()
    {
        const int Count = 4000;

        // 1 GiB of memory: eight blocks.
        File.WriteAllText(_host.Paths.Proc("zoneinfo"), "Node 0, zone Normal\n  spanned 262144\n  start_pfn: 0\n");
        byte[] whole = File.ReadAllBytes(Leave());
        Random random = new(13);
        Dictionary<AgesOutcome, int> outcomes = [];
        long most = 0;
        for (int i = 0; i < Count; i++)
        {
            byte[] bytes = Mutate(random, whole);
            long before = GC.GetAllocatedBytesForCurrentThread();
            AgesOutcome outcome = Take(bytes);
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        Assert.True(outcomes.GetValueOrDefault(AgesOutcome.Continued) > 0);
        Assert.True(outcomes.GetValueOrDefault(AgesOutcome.Damaged) > Count / 4);
        Assert.InRange(most, 1, 200L << 20);
    }

    private static byte[] Mutate(Random random, byte[] whole)
    {
        List<byte> bytes = [.. whole[AgesHeader.Bytes..]];
        for (int changes = 1 + random.Next(4); changes > 0 && bytes.Count > 8; changes--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(9), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(12)));
                    break;
                default:
                    // A number as large as can be.
                    bytes.InsertRange(at, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
                    break;
            }
        }

        byte[] payload = [.. bytes];
        byte[] header = AgesHeader.Write(
            AgesWriter.Sum(0, payload), payload.Length, MemoryMarshal.Read<Guid>(whole.AsSpan(24)), TimeSpan.FromTicks(BitConverter.ToInt64(whole, 40)));
        return [.. header, .. payload];
    }

    /// <summary>Ages of two processes in a container, one of them with a file, in two blocks.</summary>
    private string Leave()
    {
        foreach (string group in (string[])["", "/docker", "/docker/a"])
        {
            _host.AddGroup(group);
        }

        FakeProcess first = _host.Fill(_host.Start(), 300);
        FakeProcess second = _host.Start();
        FakeArea area = second.Map(100, FolioKind.File);
        for (int i = 0; i < 100; i++)
        {
            FakeFolio folio = _host.Allocate(FolioKind.File, near: 40_000);
            folio.Group = "/docker/a";
            FakeProcess.Set(area, i, new FakePage(folio, 0));
        }

        PageIdleEstimator estimator = _host.Estimator(Options);
        Passes passes = new(estimator);
        for (int i = 0; i < 5; i++)
        {
            FakeHost.Touch(first, 50 * i);
            _host.Clock.Advance(TimeSpan.FromSeconds(60));
            _host.Write();
            passes.Run(first.Tracked, second.Tracked);
        }

        Assert.Equal(["a"], passes.Containers.Keys);
        return _host.Leave(estimator);
    }

    private AgesOutcome Take(byte[] bytes)
    {
        string path = _directory["taken"];
        File.WriteAllBytes(path, bytes);
        using PageIdleEstimator estimator = _host.TakeUp(path, Options);
        return estimator.AgesTaken!.Value.Outcome;
    }

    /// <summary>Runs of about this length.</summary>
    private static void Mix<T>(Random random, T[] items, int run, Func<Random, T> next)
    {
        for (int i = 0; i < items.Length;)
        {
            int end = Math.Min(items.Length, i + 1 + random.Next(run));
            T item = next(random);
            for (; i < end; i++)
            {
                items[i] = item;
            }
        }
    }

    public void Dispose()
    {
        _host.Dispose();
        _directory.Dispose();
    }
}
