// One process, container or group: what it holds and uses over time.

import { get } from "./api.js";
import { growth, used, whyNot } from "./table.js";

const plots = [];
const nothing = { processes: "process", containers: "container", groups: "group" };

const known = value => value !== null && value !== undefined;
const told = format => (plot, value) => known(value) ? format(value) : "–";
const rate = value => (value >= 100 ? Math.round(value) : +value.toPrecision(3)) + "/s";
const fromZero = { range: (plot, least, most) => [0, Math.max((most ?? 0) * 1.08, 1)] };

// At least a minute: uPlot shows years around a single moment.
const times = moments => ({ time: true, range: () => [Math.min(moments[0], moments.at(-1) - 60), moments.at(-1)] });

/** Draws lines over the moments of the history, or says that there is nothing to draw. */
function lines(id, moments, series, format, { bands, incrs } = {}) {
  const box = byId(id);
  box.replaceChildren();
  if (!series.some(each => each.values?.some(known))) {
    element("p", "Nothing is known of this yet.", box).className = "hint";
    return;
  }
  plots.push(chart(
    box,
    { x: times(moments), y: fromZero },
    [{ space: 90 }, { size: 76, values: (plot, splits) => splits.map(format), ...(incrs ? { incrs } : {}) }],
    [{ label: "time" }, ...series.map(({ label, style, fill, shown }) => ({
      label, stroke: drawn(style), fill: fill && drawn(fill), width: 1.5, points: { show: moments.length < 3, size: 5 }, value: shown ?? told(format),
    }))],
    [moments, ...series.map(each => each.values.map(value => value ?? null))],
    bands,
    240));
}

/** The oldest at the bottom; each line is the sum of those below it. */
function drawAges(history) {
  const bands = history.idle.map((band, index) => ({ ...band, style: idleStyle(index) })).filter(band => band.bytes.some(known)).toReversed();
  const below = history.times.map(() => null);
  const series = bands.map(band => {
    band.bytes.forEach((value, moment) => {
      if (known(value)) below[moment] = (below[moment] ?? 0) + value;
    });
    return {
      label: idleFor(band), style: band.style, fill: band.style, values: [...below],
      shown: (plot, value, _, moment) => moment === null ? "–" : told(bytes)(plot, band.bytes[moment]),
    };
  });
  // The largest sum first, so that each area covers what is below it.
  lines("ages", history.times, series.toReversed(), bytes, { incrs: binarySteps });
}

function drawHistory(detail) {
  for (const plot of plots.splice(0)) plot.destroy();
  const history = detail.history;
  byId("history-hint").textContent = history ? "" : sentence(detail.history_reason ?? "nothing is known of the last hour");
  const box = id => byId(id).closest("section");
  box("ages").hidden = box("faults").hidden = !history;
  if (!history) {
    byId("held").replaceChildren();
    return;
  }
  lines("held", history.times, [
    { label: "resident", style: "third", values: history.resident_bytes },
    { label: "used at most", style: "second", values: history.upper_bytes },
    { label: "used", style: "accent", values: history.lower_bytes },
    ...(history.charged_bytes ? [{ label: "charged", style: "soft", values: history.charged_bytes }] : []),
  ], bytes, { incrs: binarySteps });
  drawAges(history);
  box("faults").hidden = !history.minor_faults_per_second;
  if (history.minor_faults_per_second) {
    lines("faults", history.times, [
      { label: "without I/O", style: "third", values: history.minor_faults_per_second },
      { label: "with I/O", style: "accent", values: history.major_faults_per_second },
    ], rate);
  }
}

function drawTerms(id, terms) {
  const list = byId(id);
  list.replaceChildren();
  for (const [term, value] of terms) {
    const box = element("div", "", list);
    element("dt", term, box);
    element("dd", String(value), box);
  }
}

const count = value => value.toLocaleString("en");

/** What it has counted since its start. */
function drawTotals(detail) {
  const now = detail.now ?? {};
  const totals = [
    ["read from storage", now.read_bytes, bytes], ["written to storage", now.written_bytes, bytes],
    ["returned by read calls", now.read_call_bytes, bytes], ["taken by write calls", now.write_call_bytes, bytes],
    ["page faults without I/O", now.minor_faults, count], ["page faults with I/O", now.major_faults, count],
    ["processor time", now.cpu_seconds, seconds], ["threads", now.threads, count],
    ...Object.entries(detail.counters ?? {}).map(([name, value]) => [name, value, count]),
  ].filter(([, value]) => known(value));
  drawTerms("totals", totals.map(([name, value, format]) => [name, format(value)]));
  byId("totals-box").hidden = totals.length === 0;
}

function drawMembers(detail) {
  byId("members-box").hidden = !detail.members?.length;
  const rows = byId("members").tBodies[0];
  rows.replaceChildren();
  for (const member of detail.members ?? []) {
    const row = rows.insertRow();
    const link = element("a", member.name || "(no name)", element("td", "", row));
    link.href = "#processes/" + encodeURIComponent(member.id);
    element("td", member.pid, row).className = "number";
    element("td", bytes(member.resident_bytes), row).className = "number";
    element("td", used(member), row).className = "number";
  }
}

/** Memory by area, when somebody asks: the kernel has to walk over all of it. */
export function offerAreas(kind, id) {
  byId("areas-box").hidden = kind !== "processes";
  byId("areas-hint").textContent = "The kernel walks over all pages of the process for this, which takes some milliseconds for a gigabyte.";
  byId("areas").parentElement.hidden = true;
  byId("areas-read").onclick = async () => {
    try {
      const answer = await get(`processes/${encodeURIComponent(id)}/areas`);
      const rows = byId("areas").tBodies[0];
      rows.replaceChildren();
      for (const area of [...answer.areas, ...(answer.others ? [answer.others] : [])]) {
        const row = rows.insertRow();
        element("td", area.name, row).className = "path";
        for (const text of [count(area.areas), bytes(area.resident_bytes), bytes(area.proportional_bytes), bytes(area.swap_bytes)]) {
          element("td", text, row).className = "number";
        }
      }
      byId("areas").parentElement.hidden = false;
      byId("areas-hint").textContent = `Read at ${new Date(answer.at * 1000).toLocaleTimeString()}. Memory that processes share is divided among them in “share”.`;
    } catch (error) {
      byId("areas-hint").textContent = sentence(error.message);
    }
  };
}

function drawFacts(detail) {
  const row = detail.row;
  const facts = [
    ["PID", row.pid], ["started", row.started && new Date(row.started * 1000).toLocaleString()], ["processes", row.processes],
    ["resident", bytes(row.resident_bytes)],
    ["used", used(row) || undefined],
    ["charged", row.charged && bytes(row.charged.held_bytes)],
    ["idle", known(row.idle_share) ? percent(row.idle_share) : undefined],
    ["growth", growth(row) || undefined],
    ["window", known(row.window_seconds) ? seconds(row.window_seconds) : undefined],
  ];
  drawTerms("facts", facts.filter(([, value]) => known(value)));
  byId("subject-reason").hidden = !row.reason;
  byId("subject-reason").textContent = row.reason ? `Its working set is not known exactly: ${whyNot(row.reason)}.` : "";
}

/** Shows what is at kind/id; returns its answer. */
export async function drawSubject(kind, id, isWanted) {
  const detail = await get(`${kind}/${encodeURIComponent(id)}`);
  if (!isWanted()) return detail;
  const row = detail.row;
  byId("subject-title").textContent = row.name || "(no name)";
  document.title = `${row.name} – memsnoop`;
  byId("subject-words").textContent = [nothing[kind], row.namespace, row.pod, row.container, row.unit, row.group].filter(Boolean).join(", ");
  drawFacts(detail);
  drawHistory(detail);
  drawTotals(detail);
  drawMembers(detail);
  return detail;
}
