namespace MemSnoop.WorkingSets.Damon;

/// <summary>The files by which a target's regions are set.</summary>
internal static class RegionFiles
{
    /// <summary>Sets the bounds of one region.</summary>
    internal static bool Set(Kdamond kdamond, int target, int region, ulong start, ulong end)
    {
        SysfsName name = new SysfsName(stackalloc byte[64]).Add("targets/"u8).Add(target).Add("/regions/"u8).Add(region);
        int directory = name.Length;
        return kdamond.Set(name.Add("/start"u8).Terminated, start) && kdamond.Set(name.CutTo(directory).Add("/end"u8).Terminated, end);
    }
}
