using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Analysis;
using MemSnoop.Tests.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Analysis;

public class WorkingSetCurveTests
{
    [Fact]
    public void A_hand_example()
    {
        // {a} {b} {a b c}: windows of one hold 1, 1, 3 pages; of two 2, 3; of all 3.
        Assert.Equal(
            [new WorkingSetPoint(1, 5.0 / 3, 3), new WorkingSetPoint(2, 2.5, 3), new WorkingSetPoint(3, 3, 3)],
            WorkingSetCurve.Of(Traces.Of(1U, 2U, 7U)));
    }

    [Fact]
    public void A_trace_without_samples_has_no_curve() => Assert.Empty(WorkingSetCurve.Of(Traces.Of(Array.Empty<PageSample>())));

    [Fact]
    public void The_curve_is_that_of_brute_force() => Prop.ForAll<uint[]>(static masks =>
    {
        List<WorkingSetPoint> expected = [];
        for (int length = 1; length <= masks.Length; length = length == masks.Length ? length + 1 : Math.Min(length * 2, masks.Length))
        {
            uint[] windows = [.. Enumerable.Range(0, masks.Length - length + 1)
                .Select(first => uint.PopCount(masks[first..(first + length)].Aggregate(0U, static (all, mask) => all | mask)))];
            expected.Add(new WorkingSetPoint(length, (double)windows.Sum(static pages => pages) / windows.Length, windows.Max()));
        }

        return expected.SequenceEqual(WorkingSetCurve.Of(Traces.Of(masks)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithArbitrary([typeof(Masks)]));
}
