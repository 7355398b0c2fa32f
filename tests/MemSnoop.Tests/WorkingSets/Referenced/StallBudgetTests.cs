using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.WorkingSets.Referenced;

/// <summary>Who may be looked at without being held up for too long.</summary>
public sealed class StallBudgetTests
{
    private static readonly ProcessIdentity Large = new(1, 1);
    private static readonly ProcessIdentity Other = new(2, 2);

    private readonly StallBudget _budget = new(TimeSpan.FromMilliseconds(10));

    [Theory]
    [InlineData(100, true)]
    [InlineData(1200, true)]
    [InlineData(1300, false)]
    [InlineData(16_384, false)]
    public void A_process_that_nobody_knows_is_judged_by_the_size_of_its_page_tables(ulong tables, bool expected) =>
        Assert.Equal(expected, _budget.Allows(Large, tables, 1));

    [Fact]
    public void A_process_is_judged_by_what_it_cost_before()
    {
        Assert.True(_budget.Allows(Large, 1000, 1));
        Note(Large, 1000, 1, time: 0.1, cpu: 0.1);   // huge pages: their tables are set aside and not walked
        Assert.True(_budget.Allows(Large, 20_000, 2));
        Note(Large, 20_000, 2, time: 9, cpu: 9);
        Assert.True(_budget.Allows(Large, 20_000, 3));
        Assert.False(_budget.Allows(Large, 40_000, 4));
        Assert.True(_budget.Allows(Large, 20_000, 5));
    }

    [Fact]
    public void A_slow_host_leaves_out_more()
    {
        Note(Other, 500, 1, time: 9, cpu: 9);
        Assert.False(_budget.Allows(Large, 600, 1));
        Assert.True(_budget.Allows(Large, 500, 1));
        for (int pass = 2; pass < 40; pass++)
        {
            Note(Other, 500, pass, time: 1, cpu: 1);
        }

        Assert.True(_budget.Allows(Large, 1200, 40));
    }

    [Fact]
    public void Who_was_held_up_for_too_long_is_left_out_for_times_that_double()
    {
        List<int> looks = [];
        for (int pass = 1; pass < 100; pass++)
        {
            if (_budget.Allows(Large, 1000, pass))
            {
                looks.Add(pass);
                Note(Large, 1000, pass, time: 12, cpu: 5);   // the thread that held the lock lost its processor
            }
        }

        Assert.Equal([1, 4, 9, 18, 35, 68], looks);
    }

    [Fact]
    public void Who_was_held_up_by_chance_is_not_left_out()
    {
        Note(Large, 1000, 1, time: 30, cpu: 0.5);
        Assert.True(_budget.Allows(Large, 1000, 2));
    }

    [Fact]
    public void It_is_looked_at_again_when_its_page_tables_have_shrunk()
    {
        Note(Large, 1000, 1, time: 12, cpu: 12);
        Assert.False(_budget.Allows(Large, 1000, 2));
        Assert.True(_budget.Allows(Large, 300, 2));
    }

    [Fact]
    public void The_longest_stall_is_that_of_the_last_pass()
    {
        _budget.BeginPass();
        Note(Large, 1000, 1, time: 7, cpu: 5);
        Note(Other, 1000, 1, time: 3, cpu: 5);
        Assert.Equal(7, _budget.Longest.TotalMilliseconds);
        _budget.BeginPass();
        Assert.Equal(0, _budget.Longest.TotalMilliseconds);
    }

    private void Note(ProcessIdentity process, ulong tables, long pass, double time, double cpu) =>
        _budget.Note(process, tables, pass, new CallTime(TimeSpan.FromMilliseconds(time), TimeSpan.FromMilliseconds(cpu)));
}
