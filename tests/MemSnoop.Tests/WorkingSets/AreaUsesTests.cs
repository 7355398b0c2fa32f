using System.Text;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets;

/// <summary>What is held and used of the areas of a process, by their names.</summary>
public class AreaUsesTests
{
    private readonly AreaUses _areas = new(4096);

    [Fact]
    public void Areas_of_one_name_are_summed_up_and_those_that_hold_most_come_first()
    {
        _areas.Begin();
        _areas.Add(Area("00400000-00402000 r-xp 00000000 08:01 7 /usr/bin/a"), 8192, 4096);
        _areas.Add(Area("00500000-00501000 r--p 00001000 08:01 7 /usr/bin/a"), 4096, 0);
        _areas.Add(Area("00600000-00700000 rw-p 00000000 00:00 0"), 65536, 16384);
        _areas.Add(Area("00800000-00801000 rw-p 00000000 00:00 0 [heap]"), 0, 0);
        Assert.Equal([new AreaUse("anonymous", 65536, 16384), new AreaUse("/usr/bin/a", 12288, 4096)], _areas.All);
        _areas.Begin();
        Assert.Empty(_areas.All);
    }

    /// <summary>As a walk over page tables tells it: pages in ascending order, some of them twice.</summary>
    [Fact]
    public void Active_pages_belong_to_the_area_that_they_lie_in()
    {
        _areas.Begin();
        _areas.AddArea(Area("00400000-00402000 r-xp 00000000 08:01 7 /usr/bin/a"));
        _areas.AddArea(Area("00402000-00404000 rw-p 00000000 00:00 0 [heap]"));
        _areas.AddActive(0x400, 1);
        _areas.AddActive(0x402, 1);
        _areas.AddActive(0x402, 2);
        Assert.Equal([new AreaUse("/usr/bin/a", 0, 4096), new AreaUse("[heap]", 0, 8192)], _areas.All);
    }

    private static MapsEntry Area(string line)
    {
        Assert.True(MapsEntry.TryParse(Encoding.UTF8.GetBytes(line), out MapsEntry entry));
        return entry;
    }
}
