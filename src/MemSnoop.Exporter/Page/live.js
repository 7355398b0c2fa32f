// The page: what it shows, and when that changes.

import { follow, get, Refusal } from "./api.js";
import { drawOverview } from "./overview.js";
import { choose, drawTable, listen, query } from "./table.js";
import { drawSubject } from "./subject.js";
import { leaveRecording, offerRecording } from "./recording.js";

const kinds = ["processes", "containers", "groups"];
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

async function draw() {
  const number = ++asked;
  const { kind, id } = place();
  try {
    const overview = await get(query());
    if (number !== asked) return;
    drawOverview(overview);
    if (id === null) {
      drawTable(overview);
    } else {
      offerRecording(kind, await drawSubject(kind, id), () => number === asked);
    }
    say(null);
    document.documentElement.dataset.round = overview.round;
  } catch (error) {
    if (number === asked) say(explain(error, id));
  }
}

const explain = (error, id) => error instanceof Refusal && error.status === 404 && id !== null
  ? `${sentence(error.message)} What is shown is the last that was known.`
  : `This page could not be brought up to date: ${error.message}.`;

/** Shows what the address asks for, with nothing left of what was there before. */
function go() {
  const { kind, id } = place();
  choose(kind, draw);
  byId("glance").hidden = id !== null;
  byId("subject").hidden = id === null;
  byId("back").href = "#" + kind;
  document.title = "memsnoop";
  say(null);
  leaveRecording();
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
follow(draw, isHeard => {
  byId("live").textContent = isHeard ? "live" : "not connected";
  byId("live").classList.toggle("on", isHeard);
});
