// A heat map of one process on demand: what it would cost, how far it is, and its end.

import { get, post, remove } from "./api.js";

let current = null;

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
export async function offerRecording(kind, detail, isWanted) {
  byId("map-box").hidden = kind !== "processes";
  if (kind !== "processes" || current?.id === detail.row.id) return;
  current = { id: detail.row.id };
  await estimate(isWanted);
}

async function estimate(isWanted = () => true) {
  const { id } = current;
  try {
    const cost = await get(`heatmaps/estimate?process=${id}&seconds=${byId("map-length").value}`);
    if (isWanted() && current?.id === id) {
      show("map-cost", cost.words);
      byId("map-start").disabled = false;
    }
  } catch (error) {
    if (isWanted() && current?.id === id) {
      show("map-cost", error.message);
      byId("map-start").disabled = true;
    }
  }
}

async function record() {
  const { id } = current;
  try {
    const begun = await post("heatmaps", { process: id, seconds: +byId("map-length").value });
    await watch(id, begun.id);
  } catch (error) {
    stand(false);
    show("map-state", error.message);
  }
}

async function watch(process, recording) {
  stand(true);
  current.recording = recording;
  for (;;) {
    const state = await get(`heatmaps/${recording}`);
    if (current?.id !== process) return;
    byId("map-progress").value = state.progress;
    show("map-state", state.words);
    if (state.map) {
      stand(false);
      await draw(state.map);
      return;
    }
    if (state.state !== "recording") {
      stand(false);
      return;
    }
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

async function draw(map) {
  byId("map").hidden = false;
  drawScale();
  const cells = await inflate(map.cells);
  new HeatMap(map, cells, map.pageBytes).draw();
  document.documentElement.dataset.map = "drawn";
}

byId("map-length").addEventListener("change", () => estimate());
byId("map-start").addEventListener("click", record);
byId("map-stop").addEventListener("click", () => remove(`heatmaps/${current.recording}`).catch(error => show("map-state", error.message)));
