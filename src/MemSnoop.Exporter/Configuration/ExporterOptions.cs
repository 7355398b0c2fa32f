using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Configuration;

/// <summary>All that can be configured, one section per feature: what is measured, and how the program publishes it.</summary>
internal sealed class ExporterOptions : MemSnoopOptions
{
    public WebOptions Web { get; } = new();

    public OtlpOptions Otlp { get; } = new();

    public ResourceOptions Resource { get; } = new();

    public LogOptions Log { get; } = new();

    public SandboxOptions Sandbox { get; } = new();

    /// <summary>The configuration file of process-exporter whose groups are summed up. Default value: null, none.</summary>
    public string? GroupConfigFile { get; set; }

    /// <summary>The configuration file itself. Default value: null, none.</summary>
    public string? ConfigurationFile { get; private set; }

    /// <summary>The files that it names, itself included, and that are read while the program runs or at its start.</summary>
    public IEnumerable<string> Files =>
        new[]
        {
            ConfigurationFile, GroupConfigFile, Web.ConfigFile, Otlp.Certificate, Otlp.ClientCertificate, Otlp.ClientKey,
            Containers.Kubelet is null ? null : Containers.KubeletTokenFile, Containers.Kubelet is null ? null : Containers.KubeletAuthorities,
            Containers.KubernetesApi is null ? null : Containers.KubernetesApiTokenFile, Containers.KubernetesApi is null ? null : Containers.KubernetesApiAuthorities,
        }.OfType<string>();

    /// <summary>Reads all layers. From weak to strong: the variables of OpenTelemetry, the file, our own variables, the command line.</summary>
    /// <param name="environment">The environment variables.</param>
    /// <param name="file">The path of the configuration file, or null.</param>
    /// <param name="commandLine">What the options of the command line say.</param>
    /// <exception cref="UsageException">Something in them is wrong.</exception>
    public static ExporterOptions Read(IReadOnlyDictionary<string, string> environment, string? file, ConfigurationLayer commandLine)
    {
        ConfigurationLayer[] layers =
        [
            .. OpenTelemetryEnvironment.Read(environment),
            file is null ? new ConfigurationLayer() : Configuration.ConfigurationFile.Read(file, "--config", ExporterSettings.Catalogue),
            EnvironmentLayer.Read(environment, ExporterSettings.Catalogue),
            commandLine,
        ];
        var options = new ExporterOptions { ConfigurationFile = file };
        var sources = new Dictionary<Setting, string>();
        // A text that a stronger layer replaces is checked too: it would be wrong as soon as the other is removed.
        foreach (ConfigurationEntry entry in layers.SelectMany(layer => layer.Entries))
        {
            entry.Setting.Apply(options, entry);
            sources[entry.Setting] = entry.Source;
        }

        options.Deprecated.AddRange(layers.SelectMany(static layer => layer.Deprecated).DistinctBy(static use => use.Name));

        // Defaults are not parsed from text, so they are checked here: otherwise a chroot without /sys would be noticed much later.
        Syntax.Directory.Parse(new SettingText(options.Kernel.ProcFs, "--procfs"));
        Syntax.Directory.Parse(new SettingText(options.Kernel.SysFs, "--sysfs"));
        Func<Setting, string> nameOf = setting => sources.GetValueOrDefault(setting) ?? setting.Options[0];
        options.Containers.Variable = name => environment.GetValueOrDefault(name);
        options.Containers.Check(options.Processes, nameOf);
        options.Otlp.NameOf = nameOf;
        options.Otlp.Check();
        options.ReadGroups(sources);
        if (options.Web.SystemdSocket && sources.TryGetValue(WebSettings.Listen, out string? listen))
        {
            throw new UsageException(sources[WebSettings.SystemdSocket], $"contradicts {listen}", "one of them");
        }

        return options;
    }

    /// <summary>
    /// Whether all that was read is the same. False if there are files whose paths are part of it and whose contents matter: nobody has kept those to compare them.
    /// </summary>
    internal bool IsSameAs(ExporterOptions other) =>
        (GroupConfigFile ?? Otlp.Certificate ?? Otlp.ClientCertificate ?? Otlp.ClientKey) is null
        && Deprecated.SequenceEqual(other.Deprecated)
        && ExporterSettings.Catalogue.All.All(setting => setting.Describe(this) == setting.Describe(other));

    private void ReadGroups(Dictionary<Setting, string> sources)
    {
        if (GroupConfigFile is { } file)
        {
            string source = sources[GroupFileSettings.File];
            foreach (Setting other in GroupsSettings.All)
            {
                if (sources.TryGetValue(other, out string? set) && other.Describe(this).Length > 0)
                {
                    throw new UsageException(source, $"contradicts {set}", "one of them");
                }
            }

            Groups.FileRules = ProcessNamesFile.Read(file, source);
        }
    }
}

/// <summary>Every setting of the program. A feature adds its settings as one group.</summary>
internal static class ExporterSettings
{
    /// <summary>The groups, as <c>--help</c> shows them.</summary>
    public static SettingCatalogue Catalogue { get; } = new(
    [
        new("Which processes (all, unless options select some)", ProcessesSettings.All),
        new("Names of containers", ContainersSettings.All),
        new("Groups of processes", [.. GroupsSettings.All, .. GroupFileSettings.All]),
        new("How many series", SeriesSettings.All),
        new("What is read, and how often", [.. ReadingsSettings.All, .. MeasurementSettings.All]),
        new("Working set", WorkingSetSettings.All),
        new("Event counters", CountersSettings.All),
        new("Disks", DisksSettings.All),
        new("Generations of control groups", GenerationsSettings.All),
        new("HTTP endpoint", WebSettings.All),
        new("Push by OTLP (off, unless an endpoint is given)", OtlpSettings.All),
        new("Resource", ResourceSettings.All),
        new("Kernel", KernelSettings.All),
        new("Log (on standard error)", LogSettings.All),
        new("Sandbox", SandboxSettings.All),
    ]);
}
