using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Report;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Tests.Report;

public partial class ReportPageTests
{
    /// <summary>Set to a file's name, this variable makes a test keep its picture.</summary>
    private const string PictureVariable = "MEMSNOOP_REPORT_PICTURE";

    /// <summary>Looks at the canvases as they were drawn: how many colours each has, and the colours of the heat map at shares of its plot.</summary>
    private const string Probe = """
        <script>
        addEventListener("load", () => setTimeout(() => {
          // One look at each canvas: the browser remarks on more.
          const images = [...document.querySelectorAll("#heat canvas, .uplot canvas")].map(each => each.getContext("2d").getImageData(0, 0, each.width, each.height));
          const counts = images.map(image => new Set(new Uint32Array(image.data.buffer)).size);
          document.body.appendChild(document.createElement("pre")).textContent = "PROBE " + counts.join(" ");
          const canvas = document.querySelector("#heat canvas");
          const heat = data.heat;
          const top = heat.bands.at(-1);
          const at = (column, height) => {
            const x = 118 + (canvas.clientWidth - 118 - 190) * (column + .5) / heat.columns;
            const y = 6 + (canvas.clientHeight - 32) * (1 - height / (top.at + top.span));
            const pixel = (Math.round(y * devicePixelRatio) * images[0].width + Math.round(x * devicePixelRatio)) * 4;
            return images[0].data.slice(pixel, pixel + 3).join(",");
          };
          for (const band of heat.bands.filter(each => each.name.startsWith("[anon:"))) {
            const line = [];
            for (let column = 0; column < heat.columns; column++) line.push(at(column, band.at + band.span / 2) === "255,255,255" ? "." : "#");
            document.body.appendChild(document.createElement("pre")).textContent = "BAND " + band.name + " " + line.join("");
          }
          canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: canvas.getBoundingClientRect().left + 400, clientY: canvas.getBoundingClientRect().top + 200 }));
          document.getElementById("in").click();
          canvas.dispatchEvent(new MouseEvent("dblclick"));
        }, 500));
        </script>
        """;

    [Fact]
    public async Task A_browser_draws_the_page_without_complaint()
    {
        using TemporaryDirectory directory = new();
        string page = Write(directory, SyntheticTrace.Create());
        File.AppendAllText(page, Probe);
        (string elements, string[] console) = await Chromium.OpenAsync(page, directory);
        Assert.Empty(console);
        Assert.Contains("data-drawn=\"true\"", elements, StringComparison.Ordinal);
        Assert.DoesNotContain("data-error", elements, StringComparison.Ordinal);

        Match colours = ProbeLine().Match(elements);
        int[] canvases = [.. colours.Groups[1].Value.Split(' ').Select(static number => int.Parse(number, CultureInfo.InvariantCulture))];
        Assert.Equal(4, canvases.Length);   // heat map and three charts
        Assert.All(canvases, static count => Assert.True(count > 10, "a canvas is empty"));

        // The heat map shows the phases of the program, sample by sample.
        string idle = new('.', 10);
        string used = new('#', 15);
        string none = new('.', 15);
        Assert.Contains($"BAND [anon:first] {idle}{used}{none}{idle}<", elements, StringComparison.Ordinal);
        Assert.Contains($"BAND [anon:second] {idle}{none}{used}{idle}<", elements, StringComparison.Ordinal);
        Assert.Matches(@"<div id=""tip""[^>]*><b>\[anon:(first|second)\]", elements);
    }

    [Fact]
    public async Task Traces_with_next_to_nothing_are_drawn_too()
    {
        PageTrace whole = SyntheticTrace.Create();
        foreach (int samples in new[] { 0, 1, 2, 3 })
        {
            using TemporaryDirectory directory = new();
            PageTrace trace = new(whole.PageBytes, whole.Pid, "a <b>&amp;</b> name", whole.Start, [.. whole.Samples.Take(samples)]);
            (string elements, string[] console) = await Chromium.OpenAsync(Write(directory, trace), directory);
            Assert.Empty(console);
            Assert.Contains("data-drawn=\"true\"", elements, StringComparison.Ordinal);
            Assert.Contains("<h1 id=\"title\">a &lt;b&gt;&amp;amp;&lt;/b&gt; name (4711)</h1>", elements, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_thousand_samples_of_a_gigabyte_fit_into_a_page()
    {
        const ulong Pages = 250_000;
        TracedArea[] areas = [new TracedArea(1UL << 40, (1UL << 40) + (Pages * 4096), AreaPermissions.Read, "/data"), new TracedArea(1UL << 46, (1UL << 46) + 4096, AreaPermissions.Read, "")];
        Random random = new(1);
        PageRangeSet.Builder builder = new();
        PageSample[] samples = new PageSample[1000];
        for (int second = 0; second < samples.Length; second++)
        {
            builder.Clear();
            for (ulong page = 0; page + 40 < Pages; page += 40)
            {
                builder.Add((1UL << 28) + page, (ulong)random.Next(30));
            }

            builder.Add(1UL << 34, 1);
            samples[second] = new PageSample(TimeSpan.FromSeconds(second + 1), TimeSpan.FromSeconds(1), areas, builder.Build());
        }

        using TemporaryDirectory directory = new();
        string file = Write(directory, new PageTrace(4096, 1, "big", DateTimeOffset.UnixEpoch, samples));
        Assert.InRange(new FileInfo(file).Length, 100_000, 8_000_000);
        (string elements, string[] console) = await Chromium.OpenAsync(file, directory);
        Assert.Empty(console);
        Assert.Contains("data-drawn=\"true\"", elements, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_a_recorded_trace_can_be_pictured()
    {
        using TemporaryDirectory directory = new();
        PageTrace trace = PageTrace.Load(Path.Combine(Checkout.Root, "tests/MemSnoop.Tests/Fixtures/traces/double.pages"), out _);
        string picture = Environment.GetEnvironmentVariable(PictureVariable) ?? directory["report.png"];
        await Chromium.ScreenshotAsync(Write(directory, trace), directory, picture);
        Assert.True(new FileInfo(picture).Length > 20_000);
    }

    private static string Write(TemporaryDirectory directory, PageTrace trace)
    {
        string file = directory["report.html"];
        using FileStream stream = new(file, FileMode.Create);
        ReportPage.Write(stream, new TraceReport(trace, loss: null));
        return file;
    }

    [GeneratedRegex("PROBE ([0-9 ]+)<")]
    private static partial Regex ProbeLine();
}
