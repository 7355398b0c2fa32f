"use strict";

// What goes wrong is shown on the page; a test reads it there.
function fail(message) {
  const box = document.getElementById("error");
  box.textContent = "This report could not be drawn: " + message;
  box.hidden = false;
  document.documentElement.dataset.error = message;
}
addEventListener("error", event => fail(event.message));
addEventListener("unhandledrejection", event => fail(String(event.reason)));

const data = JSON.parse(document.getElementById("data").textContent);

function writeTexts() {
  document.title = `memsnoop report: ${data.comm} (${data.pid})`;
  byId("title").textContent = `${data.comm} (${data.pid})`;
  byId("subtitle").textContent = data.recorded;
  byId("footer").textContent = `Made by memsnoop ${data.version}. Charts: uPlot, MIT licence.`;
  if (data.loss) {
    byId("loss").textContent = `The trace ${data.loss}; this page shows what could be read.`;
    byId("loss").hidden = false;
  }
  for (const [term, value] of data.facts) {
    const box = byId("facts").appendChild(document.createElement("div"));
    element("dt", term, box);
    element("dd", value, box);
  }
  const rows = byId("areas").tBodies[0];
  for (const area of data.areas) {
    const row = rows.insertRow();
    for (const text of [`${area.start}-${area.end}`, area.permissions, area.name || "(anonymous)", bytes(area.most), bytes(area.all)]) {
      element("td", text, row);
    }
  }
}

function drawCurve() {
  const { curve } = data;
  const log = { space: 40, splits: powers, filter: (plot, splits) => splits };
  chart(
    byId("curve"),
    { x: logarithmic(curve.seconds), y: { range: (plot, least, most) => [0, Math.max(most * 1.08, data.pageBytes)] } },
    [{ ...log, values: (plot, splits) => splits.map(seconds), splits: () => curve.seconds.filter((_, index) => index % Math.ceil(curve.seconds.length / 8) === 0) },
      { size: 76, values: (plot, splits) => splits.map(bytes), incrs: binarySteps }],
    [{ label: "window", value: (plot, value) => value == null ? "–" : seconds(value) },
      { label: "maximum", stroke: drawn("second"), width: 2, points: { show: true, size: 6 }, value: (plot, value) => value == null ? "–" : bytes(value) },
      { label: "mean", stroke: drawn("accent"), width: 2, points: { show: true, size: 6 }, value: (plot, value) => value == null ? "–" : bytes(value) }],
    [curve.seconds, curve.most, curve.mean]);
}

function drawReclaim() {
  const { reclaim } = data;
  if (reclaim.seconds.length === 0) {
    element("p", "Within two samples nothing can be idle and come back.", byId("reclaim"));
    return;
  }
  const log = { space: 40, splits: powers, filter: (plot, splits) => splits };
  const fromZero = { range: (plot, least, most) => [0, Math.max(most * 1.08, data.pageBytes)] };
  const rate = (plot, value) => value == null ? "–" : bytes(value) + "/s";
  chart(
    byId("reclaim"),
    { x: logarithmic(reclaim.seconds), y: fromZero, rate: fromZero },
    [{ ...log, values: (plot, splits) => splits.map(seconds), splits: () => reclaim.seconds.filter((_, index) => index % Math.ceil(reclaim.seconds.length / 8) === 0) },
      { size: 76, values: (plot, splits) => splits.map(bytes), incrs: binarySteps },
      { scale: "rate", side: 1, size: 84, grid: { show: false }, values: (plot, splits) => splits.map(value => bytes(value) + "/s"), incrs: binarySteps }],
    [{ label: "idle for", value: (plot, value) => value == null ? "–" : seconds(value) },
      { label: "idle", stroke: drawn("accent"), width: 2, points: { show: true, size: 6 }, value: (plot, value) => value == null ? "–" : bytes(value) },
      { label: "accessed again", scale: "rate", stroke: drawn("second"), width: 2, points: { show: true, size: 6 }, value: rate }],
    [reclaim.seconds, reclaim.idle, reclaim.again]);
}

function drawReuse() {
  const { reuse } = data;
  if (reuse.memory.length === 0) {
    element("p", "No page was accessed in more than one sample.", byId("reuse"));
    return;
  }
  const stepped = uPlot.paths.stepped({ align: 1 });
  const share = (plot, value) => value == null ? "–" : percent(value);
  chart(
    byId("reuse"),
    { x: logarithmic(reuse.memory), y: { range: [0, 1.04] } },
    [{ space: 40, splits: powers, filter: (plot, splits) => splits, values: (plot, splits) => splits.map(bytes) },
      { size: 60, splits: () => [0, .2, .4, .6, .8, 1], values: (plot, splits) => splits.map(percent) }],
    [{ label: "memory", value: (plot, value) => value == null ? "–" : bytes(value) },
      { label: "at most (lower bounds)", stroke: drawn("second"), width: 2, paths: stepped, points: { show: false }, value: share },
      { label: "at least (upper bounds)", stroke: drawn("accent"), width: 2, paths: stepped, points: { show: false }, value: share }],
    [reuse.memory, reuse.lower, reuse.upper],
    [{ series: [1, 2], fill: "rgba(224, 138, 60, .14)" }]);
}

async function drawReport() {
  writeTexts();
  drawScale();
  if (data.heat.rows > 0) {
    new HeatMap(data.heat, await inflate(data.heat.cells), data.pageBytes).draw();
  } else {
    byId("heat").replaceChildren(document.createTextNode("No page was active."));
    byId("heat").style.height = "auto";
  }
  if (data.curve.seconds.length > 0) drawCurve();
  drawReuse();
  drawReclaim();
  document.documentElement.dataset.drawn = "true";
}

drawReport();
