using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class StatTests
{
    // A real line whose zeros were replaced, so that no two fields look alike.
    private const string Tail = " S 26230 26229 3383 -5 -1 4194304 1600 11 3 12 80 81 -13 -14 -51 -20 4 0 632685 17448960 2906 18446744073709551615 "
        + "4321280 7148169 140728647844000 0 0 0 0 16781312 2 1 0 0 -17 1 0 0 57 0 0 9723336 11027064 918163456 140728647851631 140728647851978 "
        + "140728647851978 140728647852007 0\n";

    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(Stat.TryParse(Bytes("26231 (sleep)" + Tail), out Stat stat));

        Assert.Equal(
            new Stat
            {
                Pid = 26231,
                Comm = new Comm("sleep"u8),
                State = (byte)'S',
                ParentPid = 26230,
                Flags = 4194304,
                MinorFaults = 1600,
                MajorFaults = 3,
                UserTicks = 80,
                SystemTicks = 81,
                Threads = 4,
                StartTicks = 632685,
                VirtualBytes = 17448960,
                ResidentPages = 2906,
                BlockIoDelayTicks = 57,
            },
            stat);
        Assert.False(stat.IsZombie);
        Assert.False(stat.IsKernelThread);
    }

    [Theory]
    [InlineData("a) (b")]
    [InlineData("a)( ) b (() (")]
    [InlineData("")]
    [InlineData(")")]
    [InlineData("(")]
    [InlineData("x) Z 1 2 3")]
    [InlineData("line\nbreak")]
    [InlineData("tab\tand blank ")]
    [InlineData("kworker/u8:0-flush-254:0+a-name-as-long-as-the-kernel-prints-one")]
    public void A_name_may_hold_anything(string name)
    {
        Assert.True(Stat.TryParse(Bytes($"26231 ({name}){Tail}"), out Stat stat));

        Assert.Equal(name, stat.Comm.ToString());
        Assert.Equal((byte)'S', stat.State);
        Assert.Equal(632685ul, stat.StartTicks);
    }

    [Theory]
    [InlineData("26231", "a sleeping process", "sleep", 'S', false, false)]
    [InlineData("26240", "a zombie", "n\nUid:\t7\uFFFD\uFFFD)", 'Z', true, false)]
    [InlineData("26250", "parentheses", "a)( ) b (() (", 'S', false, false)]
    [InlineData("26251", "a newline and broken UTF-8", "n\nUid:\t7\uFFFD\uFFFD)", 'S', false, false)]
    [InlineData("43", "a kernel worker", "kworker/u8:0-writeback", 'I', false, true)]
    public void Real_processes_are_read(string pid, string what, string name, char state, bool isZombie, bool isKernelThread)
    {
        Assert.True(Stat.TryParse(Fixture.Read($"{pid}/stat"), out Stat stat), what);

        Assert.Equal(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture), stat.Pid);
        Assert.Equal(name, stat.Comm.ToString());
        Assert.True(stat.Comm.Bytes.SequenceEqual(Fixture.Read($"{pid}/comm").AsSpan()[..^1]));
        Assert.Equal((byte)state, stat.State);
        Assert.Equal(isZombie, stat.IsZombie);
        Assert.Equal(isKernelThread, stat.IsKernelThread);
    }

    [Theory]
    [InlineData("Z", true)]
    [InlineData("X", true)]
    [InlineData("x", true)]
    [InlineData("D", false)]
    [InlineData("I", false)]
    public void The_dead_have_three_letters(string state, bool isZombie)
    {
        Assert.True(Stat.TryParse(Bytes("1 (a)" + Tail.Replace(" S ", $" {state} ", StringComparison.Ordinal)), out Stat stat));

        Assert.Equal(isZombie, stat.IsZombie);
    }

    [Fact]
    public void Negative_resident_pages_read_as_none()
    {
        Assert.True(Stat.TryParse(Bytes("1 (a)" + Tail.Replace(" 2906 ", " -3 ", StringComparison.Ordinal)), out Stat stat));

        Assert.Equal(0ul, stat.ResidentPages);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("26231", "only a pid")]
    [InlineData("26231 (sleep)", "nothing after the name")]
    [InlineData("26231 (sleep) S 1 2 3", "short of field 24")]
    [InlineData("26231 (sleep) S 26230 26229 3383 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 6 7 8\n", "short of field 42")]
    [InlineData(")26231 (", "parentheses the wrong way round")]
    [InlineData("x (a) S", "no pid")]
    [InlineData("2147483648 (a)" + Tail, "a pid beyond 32 bits")]
    [InlineData("1 2 (a)" + Tail, "two pids")]
    [InlineData("1 (a) SS" + Tail, "a state of two letters")]
    [InlineData("1 (a) 5 26230" + Tail, "a state that is no letter")]
    public void What_is_no_stat_line_is_refused(string text, string why) => Assert.False(Stat.TryParse(Bytes(text), out _), why);

    [Fact]
    public void A_field_beyond_64_bits_is_refused() =>
        Assert.False(Stat.TryParse(Bytes("1 (a)" + Tail.Replace(" 17448960 ", " 18446744073709551616 ", StringComparison.Ordinal)), out _));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
