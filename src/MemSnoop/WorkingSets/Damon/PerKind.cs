namespace MemSnoop.WorkingSets.Damon;

/// <summary>A number for each kind of memory.</summary>
internal struct PerKind
{
    internal ulong Anon;
    internal ulong File;
    internal ulong Shmem;

    internal readonly ulong Sum => Anon + File + Shmem;

    internal ulong this[PageKind kind]
    {
        readonly get => kind switch
        {
            PageKind.Anon => Anon,
            PageKind.File => File,
            _ => Shmem,
        };
        set
        {
            switch (kind)
            {
                case PageKind.Anon:
                    Anon = value;
                    break;
                case PageKind.File:
                    File = value;
                    break;
                default:
                    Shmem = value;
                    break;
            }
        }
    }
}
