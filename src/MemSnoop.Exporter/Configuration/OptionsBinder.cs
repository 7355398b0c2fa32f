using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>Turns layers into options: the one way in which any text becomes a value.</summary>
internal static class OptionsBinder
{
    /// <param name="layers">
    /// The layers, the weakest first. A text that a stronger layer overrides is checked all the same: it would bite on the day the other is removed.
    /// </param>
    /// <exception cref="UsageException">A text is not a value of its setting.</exception>
    public static ExporterOptions Bind(params IEnumerable<ConfigurationLayer> layers)
    {
        var options = new ExporterOptions();
        var sources = new Dictionary<Setting, string>();
        foreach (ConfigurationLayer layer in layers)
        {
            foreach (ConfigurationEntry entry in layer.Entries)
            {
                entry.Setting.Apply(options, entry);
                sources[entry.Setting] = entry.Source;
            }
        }

        CheckKernelPaths(options.Kernel);
        options.Otlp.NameOf = setting => sources.GetValueOrDefault(setting) ?? setting.Options[0];
        OtlpCheck.Check(options.Otlp);
        return options;
    }

    // The defaults were written by nobody and so were parsed by nobody; a chroot without /sys would be found out much later.
    private static void CheckKernelPaths(KernelOptions kernel)
    {
        Syntax.Directory.Parse(new SettingText(kernel.ProcFs, "--procfs"));
        Syntax.Directory.Parse(new SettingText(kernel.SysFs, "--sysfs"));
    }
}
