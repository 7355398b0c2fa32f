using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>What an exporter before knew of the memory that is charged to containers.</summary>
/// <param name="Share">The share of memory that it marked.</param>
/// <param name="SharedSince">Since when all of that is watched; null if it never grew.</param>
/// <param name="Accounts">The containers.</param>
internal sealed record ChargedHandover(MemoryShare Share, TimeSpan? SharedSince, Dictionary<string, ContainerAccount> Accounts);
