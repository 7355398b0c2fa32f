using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class MemoryStatTests
{
    [Fact]
    public void The_counts_of_a_group_at_its_limit_are_found()
    {
        byte[] text = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, "memory.stat"));
        Assert.True(MemoryStat.TryParse(text, out MemoryStat group));
        Assert.Equal(new MemoryStat(20558, 1, 0, 0), group);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cache 0\nrss 4096\npgpgin 12\n")]
    [InlineData("pgscan 1\npgrefill 2\npgdeactivate 3\n")]
    [InlineData("pgscan 1\npgrefill 2\npgdeactivate 3\npglazyfree 4")]
    [InlineData("pgscan 18446744073709551616\npgrefill 2\npgdeactivate 3\npglazyfree 4\n")]
    public void Without_one_of_the_counts_it_is_refused(string text) => Assert.False(MemoryStat.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
