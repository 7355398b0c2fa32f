using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>Neighbouring addresses of one area that a heat map shows without a gap.</summary>
/// <param name="Area">The area the addresses belong to; it may be longer than the band.</param>
/// <param name="FirstPage">The number of the first page shown.</param>
/// <param name="Pages">How many pages are shown.</param>
/// <param name="FirstRow">The row of the first page.</param>
/// <param name="Rows">How many rows.</param>
public readonly record struct HeatMapBand(TracedArea Area, ulong FirstPage, ulong Pages, int FirstRow, int Rows);
