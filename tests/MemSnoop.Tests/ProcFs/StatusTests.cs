using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class StatusTests
{
    [Fact]
    public void Every_field_is_read()
    {
        Assert.True(
            Status.TryParse(
                "Name:\tsleep\nState:\tS (sleeping)\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nvoluntary_ctxt_switches:\t63\nnonvoluntary_ctxt_switches:\t7\n"u8,
                out Status status));

        Assert.Equal(
            new Status
            {
                RealUserId = 1000,
                EffectiveUserId = 1001,
                VoluntaryContextSwitches = 63,
                InvoluntaryContextSwitches = 7,
                HasContextSwitches = true,
            },
            status);
    }

    [Theory]
    [InlineData("26231", 3ul, 1ul)]
    [InlineData("26240", 8ul, 1ul)]
    [InlineData("26250", 39ul, 4ul)]
    [InlineData("26251", 7ul, 1ul)]
    [InlineData("43", 4956ul, 185ul)]
    public void Real_processes_are_read_and_a_name_forges_nothing(string pid, ulong voluntary, ulong involuntary)
    {
        Assert.True(Status.TryParse(Fixture.Read($"{pid}/status"), out Status status));

        Assert.Equal(0u, status.RealUserId);
        Assert.Equal(0u, status.EffectiveUserId);
        Assert.Equal((true, voluntary, involuntary), (status.HasContextSwitches, status.VoluntaryContextSwitches, status.InvoluntaryContextSwitches));
    }

    [Theory]
    [InlineData("Uid:\t1\t2\t3\t4\n")]
    [InlineData("Uid:\t1\t2\t3\t4\nvoluntary_ctxt_switches:\t63\n")]
    [InlineData("Uid:\t1\t2\t3\t4\nvoluntary_ctxt_switches:\t63\nnonvoluntary_ctxt_switches:\t7")]
    [InlineData("Uid:\t1\t2\nGid:\t9\t9\t9\t9\n")]
    public void Without_both_counts_there_are_none(string text)
    {
        Assert.True(Status.TryParse(Encoding.UTF8.GetBytes(text), out Status status));

        Assert.Equal(new Status { RealUserId = 1, EffectiveUserId = 2 }, status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Name:\tUid:\t1\t2\t3\t4\n")]
    [InlineData("Uid:\t1\t2")]
    [InlineData("Uid:\t4294967296\t2\t3\t4\n")]
    [InlineData("Uid:\t1\t2\t3\t4\nvoluntary_ctxt_switches:\t18446744073709551616\n")]
    [InlineData("Uid\t1\t2\t3\t4\n")]
    public void What_is_no_status_is_refused(string text) => Assert.False(Status.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
