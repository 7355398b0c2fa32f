namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Prometheus names that tests ask for often.</summary>
internal static class Series
{
    public const string WorkingSet = "memsnoop_process_working_set_bytes";
    public const string Window = "memsnoop_process_working_set_window_seconds";
    public const string Idle = "memsnoop_process_idle_bytes";
    public const string Resident = "memsnoop_process_memory_resident_bytes";
    public const string Skipped = "memsnoop_measurement_skipped_total";

    public const double MB = 1 << 20;
}
