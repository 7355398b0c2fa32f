using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A word that describes memory areas. The first four are roles: an area counts if it has any of those named. The last three are permissions: an area counts
/// if it has all of those named.
/// </summary>
internal enum AreaWord
{
    /// <summary>The heap that brk(2) grows.</summary>
    Heap,

    /// <summary>The main thread's stack.</summary>
    Stack,

    /// <summary>Memory without a file, except heap and stack.</summary>
    Anonymous,

    /// <summary>Mapped files and shared memory.</summary>
    File,

    /// <summary>Readable.</summary>
    Readable,

    /// <summary>Writable.</summary>
    Writable,

    /// <summary>Executable.</summary>
    Executable,
}

/// <summary>Between the words and the library's filter. No word of a role stands for every role.</summary>
internal static class AreaWords
{
    private static readonly (AreaWord Word, AreaRoles Role, AreaPermissions Permission)[] Meanings =
    [
        (AreaWord.Heap, AreaRoles.Heap, AreaPermissions.None),
        (AreaWord.Stack, AreaRoles.Stack, AreaPermissions.None),
        (AreaWord.Anonymous, AreaRoles.Anonymous, AreaPermissions.None),
        (AreaWord.File, AreaRoles.File, AreaPermissions.None),
        (AreaWord.Readable, AreaRoles.None, AreaPermissions.Read),
        (AreaWord.Writable, AreaRoles.None, AreaPermissions.Write),
        (AreaWord.Executable, AreaRoles.None, AreaPermissions.Execute),
    ];

    /// <summary>The filter with the roles and permissions that the words name, and what it says of length and path.</summary>
    public static AreaFilter Apply(IReadOnlyList<AreaWord> words, AreaFilter filter)
    {
        AreaRoles roles = AreaRoles.None;
        AreaPermissions permissions = AreaPermissions.None;
        foreach ((AreaWord word, AreaRoles role, AreaPermissions permission) in Meanings)
        {
            if (words.Contains(word))
            {
                roles |= role;
                permissions |= permission;
            }
        }

        return filter with { Roles = roles == AreaRoles.None ? AreaRoles.All : roles, Permissions = permissions };
    }

    /// <summary>The words for a filter.</summary>
    public static IReadOnlyList<AreaWord> Of(AreaFilter filter) =>
    [
        .. from meaning in Meanings
           where (filter.Roles != AreaRoles.All && (filter.Roles & meaning.Role) != 0) || (filter.Permissions & meaning.Permission) != 0
           select meaning.Word,
    ];
}
