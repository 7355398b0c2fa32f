using FsCheck;
using FsCheck.Fluent;

namespace MemSnoop.Tests.Tracing;

/// <summary>Random sets of 32 pages: scattered ones, solid runs, few pages, none.</summary>
public static class Masks
{
    public static Arbitrary<uint> Mask() => Arb.From(Gen.OneOf(
        Gen.Choose(int.MinValue, int.MaxValue).Select(static number => (uint)number),
        Gen.Choose(0, 32).SelectMany(static first => Gen.Choose(0, 32).Select(length => (uint)(((1UL << length) - 1) << first))),
        Gen.Choose(0, 31).Select(static bit => 1U << bit),
        Gen.Constant(0U)));
}
