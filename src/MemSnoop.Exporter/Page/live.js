// The page: what it shows, and when that changes.

import { follow, Refusal } from "./api.js";
import { drawOverview } from "./overview.js";
import { choose, drawTable, listen } from "./table.js";
import { drawSubject, offerAreas } from "./subject.js";
import { leaveRecording, offerRecording } from "./recording.js";

const kinds = ["processes", "containers", "groups"];
let latest = null;
let asked = 0;

function say(message) {
  byId("error").hidden = !message;
  byId("error").textContent = message ?? "";
}

/** What the address asks for: a table, or one of its rows. */
function place() {
  const [kind, ...id] = location.hash.slice(1).split("/");
  return { kind: kinds.includes(kind) ? kind : "processes", id: id.length > 0 ? decodeURIComponent(id.join("/")) : null };
}

function draw() {
  if (!latest) return Promise.resolve();
  drawOverview(latest);
  const { kind, id } = place();
  if (id !== null) return drawDetail(kind, id);
  drawTable(latest);
  document.documentElement.dataset.round = latest.round;
  return Promise.resolve();
}

async function drawDetail(kind, id) {
  const number = ++asked;
  const isWanted = () => number === asked;
  try {
    const detail = await drawSubject(kind, id, isWanted);
    if (!isWanted()) return;
    say(null);
    document.documentElement.dataset.detail = `${kind}/${id}`;
    offerRecording(kind, detail);
  } catch (error) {
    if (isWanted()) say(explain(error));
  }
}

const explain = error => error instanceof Refusal && error.status === 404
  ? `${sentence(error.message)} What is shown is the last that was known.`
  : `This could not be brought up to date: ${error.message}.`;

/** Shows what the address asks for, with nothing left of what was there before. */
function go() {
  const { kind, id } = place();
  choose(kind, draw);
  byId("glance").hidden = id !== null;
  byId("subject").hidden = id === null;
  byId("back").href = "#" + kind;
  document.title = "memsnoop";
  say(null);
  asked++;
  delete document.documentElement.dataset.detail;
  leaveRecording();
  offerAreas(kind, id);
  draw().then(() => {
    if (id !== null) byId("subject-title").focus();
  });
}

addEventListener("hashchange", go);
addEventListener("keydown", event => {
  if (event.key === "Escape" && place().id !== null) location.hash = place().kind;
});
addEventListener("error", event => say(`Something in this page is wrong: ${event.message}.`));
addEventListener("unhandledrejection", event => say(`Something in this page is wrong: ${event.reason}.`));

listen(draw);
go();
follow(
  overview => {
    latest = overview;
    draw();
  },
  how => {
    byId("live").textContent = how;
    byId("live").classList.toggle("on", how === "live");
  });
