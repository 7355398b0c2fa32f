"use strict";

// Charts by uPlot, in the colours of the theme.

/** A colour of the theme, as it is now. */
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

/** A colour that is looked up when it is drawn, since the theme can change. */
const drawn = name => () => colour(name);

/** Steps of an axis of bytes. */
const binarySteps = Array.from({ length: 200 }, (_, index) => 2 ** (index >> 2) * [1, 1.25, 1.5, 1.75][index & 3]).filter(Number.isInteger);

/** Powers of two within a scale, some six to ten of them. */
function powers(plot, axis, least, most) {
  const first = Math.ceil(Math.log2(least) - 1e-9);
  const last = Math.floor(Math.log2(most) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / 7));
  const splits = [];
  for (let power = first; power <= last; power += step) splits.push(2 ** power);
  return splits;
}

/** Draws a chart into an element; it follows the element's width and the theme. */
function chart(target, scales, axes, series, columns, bands, height = 300) {
  const size = () => ({ width: Math.max(240, target.clientWidth), height });
  const options = {
    ...size(),
    scales,
    axes: axes.map(axis => ({ stroke: drawn("soft"), grid: { stroke: drawn("grid"), width: 1 }, ticks: { stroke: drawn("line"), width: 1 }, font: '12px system-ui, "DejaVu Sans", sans-serif', ...axis })),
    series,
    bands,
    cursor: { drag: { x: false, y: false } },
  };
  const plot = new uPlot(options, columns, target);
  new ResizeObserver(() => {
    if (size().width !== plot.width) plot.setSize(size());
  }).observe(target);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  return plot;
}

// A logarithmic scale of one point has no length.
function logarithmic(values) {
  const least = values[0];
  const most = values[values.length - 1];
  return { time: false, distr: 3, log: 2, range: [least, most > least ? most : least * 2] };
}
