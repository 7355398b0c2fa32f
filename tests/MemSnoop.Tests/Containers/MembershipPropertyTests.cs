using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Containers;

namespace MemSnoop.Tests.Containers;

/// <summary>What must hold of every name that somebody may give to a control group: there is an answer, and no label that the path does not say.</summary>
public partial class MembershipPropertyTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    /// <summary>Parts of which hostile names are made: those of right names, with something before, between and behind them.</summary>
    private static readonly string[] Parts =
    [
        Id, Id[1..], Id + "0", Id.ToUpperInvariant(), Id[..63] + "g", Uid, Uid[1..], Uid.Replace('-', '_'), "11112222-3333_4444-5555_666677778888", Id[..32],
        "pod", "kubepods-pod", "kubepods.slice", ".slice", ".scope", ".service", ".mount", "docker-", "cri-containerd-", "crio-", "crio-conmon-", "libpod-", "-", "_", ":",
        "cri-containerd", "docker", "buildkit", "libpod_parent", "..", ".", " ", "\"", "\\", "\t", "\r", "\0", "{}", "é", "\u202e", "\ud83d\ude00", " (deleted)", "%2f", "a", "=", ",", "0::",
    ];

    private static readonly Arbitrary<string> HostileNames = Gen.Elements(Parts).ListOf().Select(static parts => string.Concat(parts)).ToArbitrary();

    private static readonly Config TenThousand = Config.QuickThrowOnFailure.WithMaxTest(10_000);

    [Fact]
    public void Any_bytes_have_an_answer() =>
        Check.One(TenThousand, Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static text => { Membership.Parse([.. "0::/"u8, .. text ?? [], (byte)'\n']); }));

    [Fact]
    public void A_right_path_cut_anywhere_or_with_a_byte_changed_has_an_answer_of_its_own_parts()
    {
        string path = $"0::/system.slice/docker-{Id}.scope/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice:cri-containerd:{Id}/x.service\n";
        for (int at = 0; at < path.Length; at++)
        {
            Verify(path[..at] + "\n");
            foreach (char other in "/:-_.g0\0 ")
            {
                Verify(path[..at] + other + path[(at + 1)..] + "\n");
            }
        }
    }

    /// <summary>The oracle is the same rules as regular expressions over the whole name.</summary>
    [Fact]
    public void Ten_thousand_hostile_names_get_no_wrong_label() => Check.One(TenThousand, Prop.ForAll(HostileNames, static name =>
    {
        name = name.Replace('\n', ' ').Replace('/', ' ');
        Membership alone = Verify($"0::/{name}\n");
        Match container = Container().Match(name);
        Match pod = Pod().Match(name);
        if (!name.EndsWith(" (deleted)", StringComparison.Ordinal) && !name.Contains(".slice:", StringComparison.Ordinal))
        {
            Assert.Equal(container.Success ? container.Groups["id"].Value : "", alone.Container.Id);
            Assert.Equal(pod.Success ? pod.Groups["uid"].Value.Replace('_', '-') : "", alone.Container.PodUid);
        }

        // A hostile name below the group of a container or a unit changes neither.
        Membership below = Verify($"0::/kubepods/pod{Uid}/{Id}/{name.Replace("pod", "-", StringComparison.Ordinal)}\n");
        Assert.Equal((Id, Uid), (below.Container.Id, below.Container.PodUid));
    }));

    /// <summary>Parses, and checks that each answer is a part of the text and has the form that such a name has.</summary>
    private static Membership Verify(string text)
    {
        Membership found = Membership.Parse(Encoding.UTF8.GetBytes(text));
        Assert.True(found.Container.Id.Length == 0 || (IdForm().IsMatch(found.Container.Id) && text.Contains(found.Container.Id, StringComparison.Ordinal)));
        Assert.True(found.Container.PodUid.Length == 0 || (UidForm().IsMatch(found.Container.PodUid)
            && (text.Contains(found.Container.PodUid, StringComparison.Ordinal) || text.Contains(found.Container.PodUid.Replace('-', '_'), StringComparison.Ordinal))));
        Assert.True(found.Unit.Length == 0 || (UnitForm().IsMatch(found.Unit) && IsName(found.Unit)));
        Assert.True(found.Slice.Length == 0 || (SliceForm().IsMatch(found.Slice) && IsName(found.Slice)));
        return found;

        // A whole name, or one behind the colon that the path begins after.
        bool IsName(string name) => text.Contains("/" + name, StringComparison.Ordinal) || text.Contains(":" + name, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\A((cri-containerd|containerd|crio|docker|libpod|nerdctl)-)?(?<id>[0-9a-f]{64})(\.scope)?\z")]
    private static partial Regex Container();

    [GeneratedRegex(@"(\A|-)pod(?<uid>[0-9a-f]{8}(?<s>[-_])[0-9a-f]{4}\k<s>[0-9a-f]{4}\k<s>[0-9a-f]{4}\k<s>[0-9a-f]{12}|[0-9a-f]{32})(\.slice)?\z")]
    private static partial Regex Pod();

    [GeneratedRegex(@"\A([0-9a-f]{64}|[0-9a-f]{32}-[0-9]{1,10})\z")]
    private static partial Regex IdForm();

    [GeneratedRegex(@"\A([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})\z")]
    private static partial Regex UidForm();

    [GeneratedRegex(@"\A[a-zA-Z0-9:_.\\@-]+\.(service|scope)\z")]
    private static partial Regex UnitForm();

    [GeneratedRegex(@"\A[a-zA-Z0-9:_.\\@-]+\.slice\z")]
    private static partial Regex SliceForm();
}
