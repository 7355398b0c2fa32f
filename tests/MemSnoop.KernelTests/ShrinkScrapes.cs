using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>What was scraped while the workloads ran without limits, and what that tells of a limit.</summary>
internal static class ShrinkScrapes
{
    private const string Idle = "memsnoop_container_memory_idle_bytes";
    private const string Kernel = "memsnoop_container_memory_kernel_bytes";
    private const string Reaccessed = "memsnoop_container_reaccessed_bytes_total";

    /// <summary>The scrapes of a run, each with the seconds since its begin.</summary>
    public static IReadOnlyList<(double Seconds, Scrape Scrape)> Of(ScenarioResult run) =>
    [
        .. from file in Directory.GetFiles(run.File("scrapes"))
           let milliseconds = long.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture)
           orderby milliseconds
           select (milliseconds / 1000.0, new Scrape(File.ReadAllText(file))),
    ];

    /// <summary>The longest time between two of them, each of which shows a window of its own.</summary>
    public static double LongestWindow(IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes) => scrapes.Zip(scrapes.Skip(1), static (one, next) => next.Seconds - one.Seconds).Max();

    /// <summary>
    /// The bytes a second that a limit will bring back. The limit takes what has been idle for longest; so it takes all above that age at which what is younger is just as much as the
    /// limit. What is accessed again after that age comes back. Between two ages it is interpolated.
    /// </summary>
    public static double Returns(IReadOnlyList<(double Seconds, Scrape Scrape)> scrapes, string workload, double limit)
    {
        (string, string) pod = ("pod", $"{workload}-0");
        double held = scrapes.Average(scrape => Sum(scrape.Scrape, Idle, pod, ("age", "0")) + Sum(scrape.Scrape, Kernel, pod));
        double taken = held - limit;
        if (taken <= 0)
        {
            return 0;
        }

        // By age: what is idle for as long, on average, and how much of it comes back. An age appears once it has been watched for.
        (double Idle, double Rate)[] ages =
        [
            .. from age in scrapes[^1].Scrape.Of(Reaccessed, pod).Select(static sample => sample.Label("age")!)
               orderby double.Parse(age, CultureInfo.InvariantCulture)
               let known = scrapes.Where(scrape => scrape.Scrape.Of(Reaccessed, pod, ("age", age)).Any()).ToArray()
               where known.Length > 1
               select (
                   known.Average(scrape => Sum(scrape.Scrape, Idle, pod, ("age", age))),
                   (Sum(known[^1].Scrape, Reaccessed, pod, ("age", age)) - Sum(known[0].Scrape, Reaccessed, pod, ("age", age))) / (known[^1].Seconds - known[0].Seconds)),
        ];
        int older = Array.FindIndex(ages, age => age.Idle < taken);
        if (older <= 0)
        {
            // Taken is what was idle all the time, or more than what one window leaves idle.
            return older < 0 ? ages[^1].Rate : ages[0].Rate;
        }

        (double idle, double rate) = ages[older - 1];
        double part = (taken - ages[older].Idle) / (idle - ages[older].Idle);
        return ages[older].Rate + ((rate - ages[older].Rate) * part);
    }

    private static double Sum(Scrape scrape, string name, params (string, string)[] labels) => scrape.Of(name, labels).Sum(static sample => sample.Number);
}
