// A heat map of one process on demand: what it would cost, how far it is, and its end.

import { get, post, remove } from "./api.js";

let current = null;
let heatMap = null;

const show = (id, text) => byId(id).textContent = text;

function stand(isRecording) {
  byId("map-start").hidden = isRecording;
  byId("map-stop").hidden = !isRecording;
  byId("map-progress").hidden = !isRecording;
}

/** Forgets what belongs to another process. A recording goes on until it is ended: who comes back sees it. */
export function leaveRecording() {
  current = null;
  stand(false);
  byId("map").hidden = true;
  show("map-state", "");
  show("map-cost", "");
}

/** Offers a recording of a process. */
export async function offerRecording(kind, detail) {
  byId("map-box").hidden = kind !== "processes";
  if (kind !== "processes" || current?.id === detail.row.id) return;
  const { id } = detail.row;
  current = { id };
  await estimate();
  if (current?.id === id && !byId("map-start").disabled) await resume(id);
}

async function estimate() {
  const { id } = current;
  let text;
  let may = false;
  try {
    const cost = await get(`heatmaps/cost?process=${id}&seconds=${byId("map-length").value}`);
    may = cost.may_record;
    text = may ? `Cost: ${cost.words}.` : `Not here: ${cost.error}.`;
  } catch (error) {
    text = sentence(error.message);
  }
  if (current?.id === id) {
    show("map-cost", text);
    byId("map-start").disabled = !may;
  }
}

async function record() {
  const { id } = current;
  byId("map-start").disabled = true;
  try {
    await watch(id, await post("heatmaps", { process: id, seconds: +byId("map-length").value }));
  } catch (error) {
    show("map-state", sentence(error.message));
  }
  if (current?.id === id) {
    stand(false);
    byId("map-start").disabled = false;
  }
}

/** Shows a recording until it has ended; what there is of it is drawn as it comes. */
async function watch(process, state) {
  stand(true);
  current.recording = state.id;
  while (current?.id === process) {
    byId("map-progress").value = state.ended / state.windows;
    show("map-state", words(state));
    if (state.heat) draw(state.heat);
    if (state.state !== "recording") return;
    await new Promise(resolve => setTimeout(resolve, Math.max(500, state.window_seconds * 1000)));
    state = await get(`heatmaps/${state.id}`);
  }
}

const words = state => ({
  recording: `Recording: ${state.ended} of ${state.windows} windows.`,
  complete: `${state.ended} windows of ${seconds(state.window_seconds)}. The recording is kept for ten minutes, in memory alone.`,
  stopped: `Ended after ${state.ended} of ${state.windows} windows.`,
  failed: `The recording ended after ${state.ended} windows: ${state.error ?? state.reason}.`,
})[state.state];

/** The map as the report's is: pages are as large as a row, and times follow from the windows. */
function draw(heat) {
  byId("map").hidden = heat.rows === 0;
  if (heat.rows === 0) return;
  let time = 0;
  const from = heat.window_seconds.map(window => (time += window) - window);
  const map = {
    rows: heat.rows, columns: heat.columns, pagesPerRow: 1, from, to: from.map((start, column) => start + heat.window_seconds[column]),
    bands: heat.bands.map(band => ({ name: band.name, permissions: "", row: band.row, rows: band.rows, page: Math.round(band.address / heat.row_bytes), pages: band.rows })),
  };
  const cells = Uint8Array.from(atob(heat.cells), character => character.charCodeAt(0));
  if (heatMap) {
    heatMap.replace(map, cells, heat.row_bytes);
  } else {
    drawScale();
    heatMap = new HeatMap(map, cells, heat.row_bytes);
  }
  heatMap.draw();
  document.documentElement.dataset.map = heat.columns;
}

/** A recording of this process that is there already, of whoever began it. */
async function resume(id) {
  const { recordings } = await get("heatmaps").catch(() => ({ recordings: [] }));
  const own = recordings.find(each => each.process === id);
  if (own && current?.id === id) {
    await watch(id, await get(`heatmaps/${own.id}`)).catch(error => show("map-state", sentence(error.message)));
    stand(false);
  }
}

byId("map-length").addEventListener("change", () => current && estimate());
byId("map-start").addEventListener("click", record);
byId("map-stop").addEventListener("click", () => remove(`heatmaps/${current.recording}`).catch(error => show("map-state", sentence(error.message))));
