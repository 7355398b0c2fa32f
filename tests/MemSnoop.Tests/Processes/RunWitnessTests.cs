using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.Processes;

public class RunWitnessTests
{
    private static readonly SchedStat Asleep = new(1000, 200, 3);

    [Fact]
    public void The_first_look_knows_nothing() => Assert.True(new RunWitness().MayHaveRun(Asleep, threads: 1));

    [Fact]
    public void A_sleeper_has_not_run()
    {
        RunWitness witness = new();
        witness.MayHaveRun(Asleep, threads: 1);
        long run = witness.Run;
        Assert.False(witness.MayHaveRun(Asleep, threads: 1));
        Assert.Equal(run, witness.Run);
        Assert.Equal(2, witness.Looks);
    }

    public static TheoryData<SchedStat, int> Runs => new()
    {
        { Asleep with { RunNanoseconds = 1001 }, 1 },
        { Asleep with { WaitNanoseconds = 201 }, 1 },
        { Asleep with { Timeslices = 4 }, 1 },
        { Asleep, 2 },
        { default, 1 },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Anything_else_may_have_run(SchedStat next, int threads)
    {
        RunWitness witness = new();
        witness.MayHaveRun(Asleep, threads: 1);
        long run = witness.Run;
        Assert.True(witness.MayHaveRun(next, threads));
        Assert.NotEqual(run, witness.Run);
    }

    [Fact]
    public void A_kernel_that_does_not_count_never_vouches()
    {
        RunWitness witness = new();
        witness.MayHaveRun(default, threads: 1);
        Assert.True(witness.MayHaveRun(default, threads: 1));
    }
}
