using MemSnoop.ProcFs;

namespace MemSnoop.Paging;

/// <summary>Takes the areas and the active pages of a process while a pass walks over it, both in ascending order.</summary>
internal interface IActivePages
{
    /// <summary>The walk over a process begins.</summary>
    void Begin();

    /// <summary>An area that counts.</summary>
    void AddArea(in MapsEntry area);

    /// <summary>Neighbouring pages that were accessed within the window; runs may touch.</summary>
    void AddActive(ulong firstPage, int count);
}
