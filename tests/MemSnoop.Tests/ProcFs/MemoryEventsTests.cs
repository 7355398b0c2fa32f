using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class MemoryEventsTests
{
    [Theory]
    [InlineData("low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\nsock_throttled 7\n", 1ul, 2ul, 3ul, 4ul, 5ul)] // 6.18
    [InlineData("low 1\nhigh 2\nmax 3\noom 4\n", 1ul, 2ul, 3ul, 4ul, null)] // 4.5
    public void Each_kernel_tells_what_it_counts(string text, ulong? low, ulong? high, ulong? max, ulong? oom, ulong? kills)
    {
        Assert.True(MemoryEvents.TryParse(Encoding.ASCII.GetBytes(text), out MemoryEvents events));
        Assert.Equal(new MemoryEvents(low, high, max, oom, kills), events);
    }

    [Theory]
    [InlineData("")]
    [InlineData("low")]
    [InlineData("low 1")]
    [InlineData("low one\n")]
    [InlineData("low 1\nhigh 18446744073709551616\n")]
    [InlineData("populated 1\nfrozen 0\n")]
    public void A_text_that_is_none_is_refused(string text) => Assert.False(MemoryEvents.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", true, 2ul)]
    [InlineData("oom_kill_disable 0\nunder_oom 0\n", true, null)] // before 4.13
    [InlineData("oom_kill_disable 0\nunder_oom 0\noom_kill 2", false, null)]
    [InlineData("oom_kill_disable 0\nunder_oom 0\noom_kill two\n", false, null)]
    [InlineData("max 3\n", false, null)]
    [InlineData("", false, null)]
    public void Version_1_counts_killed_processes_beside_its_switch(string text, bool isTaken, ulong? kills)
    {
        Assert.Equal(isTaken, OomControl.TryParse(Encoding.ASCII.GetBytes(text), out OomControl control));
        Assert.Equal(kills, control.OomKill);
    }
}
