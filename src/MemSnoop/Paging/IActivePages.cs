using MemSnoop.ProcFs;

namespace MemSnoop.Paging;

/// <summary>Receives the areas and the active pages of a process during a pass, both in ascending order.</summary>
internal interface IActivePages
{
    /// <summary>The walk over a process begins.</summary>
    void Begin();

    /// <summary>An area that counts.</summary>
    void AddArea(in MapsEntry area);

    /// <summary>A run of pages that were accessed within the window; runs may be adjacent.</summary>
    void AddActive(ulong firstPage, int count);
}
