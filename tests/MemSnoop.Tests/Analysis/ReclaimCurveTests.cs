using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Analysis;
using MemSnoop.Tests.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Analysis;

public class ReclaimCurveTests
{
    [Fact]
    public void A_hand_example()
    {
        // {a b} {b} {c} {a} {}: idle for a sample are a before the third, a and b before the fourth, b and c before the fifth; for two samples a before the fourth and b
        // before the fifth. Only a comes back, in the fourth.
        Assert.Equal([new ReclaimPoint(1, 5.0 / 3, 1.0 / 3), new ReclaimPoint(2, 1, 0.5)], ReclaimCurve.Of(Traces.Of(3U, 2U, 4U, 1U, 0U)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Nothing_comes_back_within_two_samples(int samples) => Assert.Empty(ReclaimCurve.Of(Traces.Of([.. Enumerable.Repeat(1U, samples)])));

    [Fact]
    public void The_curve_is_that_of_brute_force() => Prop.ForAll<uint[]>(static masks =>
    {
        List<ReclaimPoint> expected = [];
        for (int age = 1; age < masks.Length - 1; age *= 2)
        {
            long idle = 0;
            long again = 0;
            int windows = 0;
            for (int end = age; end < masks.Length - 1; end++)
            {
                uint seen = masks[..(end + 1)].Aggregate(0U, static (all, mask) => all | mask);
                uint used = masks[(end - age + 1)..(end + 1)].Aggregate(0U, static (all, mask) => all | mask);
                idle += uint.PopCount(seen & ~used);
                again += uint.PopCount(seen & ~used & masks[end + 1]);
                windows++;
            }

            expected.Add(new ReclaimPoint(age, (double)idle / windows, (double)again / windows));
        }

        return expected.SequenceEqual(ReclaimCurve.Of(Traces.Of(masks)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithArbitrary([typeof(Masks)]));
}
