namespace MemSnoop.WorkingSets.Damon;

/// <summary>The files of a scheme of DAMON.</summary>
internal static class SchemeFiles
{
    /// <summary>Makes it one that changes nothing and looks at every region.</summary>
    /// <param name="kdamond">The kdamond.</param>
    /// <param name="scheme">The number of the scheme.</param>
    /// <param name="every">How often it is applied.</param>
    internal static bool SetStat(Kdamond kdamond, int scheme, TimeSpan every)
    {
        SysfsName name = new SysfsName(stackalloc byte[96]).Add("schemes/"u8).Add(scheme).Add("/"u8);
        int directory = name.Length;
        return kdamond.Set(name.Add("action"u8).Terminated, "stat"u8)
            && kdamond.Set(name.CutTo(directory).Add("apply_interval_us"u8).Terminated, (ulong)(every.Ticks / TimeSpan.TicksPerMicrosecond))
            && kdamond.Set(name.CutTo(directory).Add("access_pattern/sz/max"u8).Terminated, ulong.MaxValue)
            && kdamond.Set(name.CutTo(directory).Add("access_pattern/nr_accesses/max"u8).Terminated, uint.MaxValue)
            && kdamond.Set(name.CutTo(directory).Add("access_pattern/age/max"u8).Terminated, uint.MaxValue);
    }
}
