// The table of processes, containers or groups: what is chosen, and rows that are changed in place, so that focus and scrolling stay.

/** By how much it grows in an hour; empty if that is not known. */
export const growth = ({ growth_bytes_per_hour: growth }) => growth === undefined ? "" : (growth < 0 ? "−" : growth > 0 ? "+" : "") + bytes(Math.abs(growth)) + "/h";

/** A working set, or its bounds. */
export const used = row => row.used_bytes !== undefined ? row.error_bytes === undefined ? bytes(row.used_bytes) : `${bytes(row.used_bytes)} ± ${bytes(row.error_bytes)}`
  : row.upper_bytes !== undefined ? `${bytes(row.lower_bytes)} – ${bytes(row.upper_bytes)}` : "";

const place = row => row.pod ? [row.namespace, row.pod, row.container].filter(Boolean).join("/") : row.container ?? row.container_id?.slice(0, 12) ?? row.unit ?? row.group ?? "";

const columns = {
  name: { title: "Name", sort: "name", rises: true },
  pid: { title: "PID", sort: "pid", rises: true, number: true, text: row => row.pid },
  place: { title: "Where", wide: true, className: "where", text: place },
  count: { title: "Processes", number: true, wide: true, text: row => row.processes },
  resident: { title: "Resident", sort: "resident", number: true, text: row => bytes(row.resident_bytes) },
  used: { title: "Used", sort: "used", number: true },
  idle: { title: "Idle", sort: "idle_share", number: true, text: row => row.idle_share === undefined ? "" : percent(row.idle_share) },
  growth: { title: "Growth", sort: "growth", number: true, wide: true, text: growth },
  hour: { title: "Last hour", wide: true },
};

const columnsOf = {
  processes: ["name", "pid", "place", "resident", "used", "idle", "growth", "hour"],
  containers: ["name", "count", "resident", "used", "idle", "growth", "hour"],
  groups: ["name", "count", "resident", "used", "idle", "growth", "hour"],
};

const chosen = { kind: "processes", sort: "resident", search: "", top: "50" };
const rows = new Map();

const texts = row => [row.name, row.pid, row.container_id, row.container, row.pod, row.namespace, row.group, row.unit];

const values = { resident: row => row.resident_bytes, used: row => row.used_bytes ?? row.upper_bytes, idle_share: row => row.idle_share, growth: row => row.growth_bytes_per_hour };

const compare = (left, right) => left < right ? -1 : left > right ? 1 : 0;

/** The rows that match, in the order that is chosen: names and pids rise, all else falls, and what is not known comes last: as the API does it. */
function choice(table) {
  const search = chosen.search.toLowerCase();
  const matching = search ? table.rows.filter(row => texts(row).some(text => text !== undefined && String(text).toLowerCase().includes(search))) : [...table.rows];
  const order = chosen.sort === "name" ? (left, right) => compare(left.name.toLowerCase(), right.name.toLowerCase())
    : chosen.sort === "pid" ? (left, right) => left.pid - right.pid
      : (left, right) => compare(values[chosen.sort](right) ?? -Infinity, values[chosen.sort](left) ?? -Infinity);
  return matching.sort((left, right) => order(left, right) || compare(right.resident_bytes, left.resident_bytes) || compare(left.id, right.id));
}

/** What is told of a row whose working set is not a number. */
export const whyNot = reason => ({ no_window: "its first window has not ended yet" })[reason] ?? `something disturbed its window (${reason.replaceAll("_", " ")})`;

function sparkline(values) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 96 22");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  const known = values.filter(value => value !== null);
  const most = Math.max(...known, 1);
  // A value that is not known leaves a gap.
  for (let from = 0; from < values.length;) {
    if (values[from] === null) {
      from++;
      continue;
    }
    let to = from;
    while (to < values.length && values[to] !== null) to++;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    const points = values.slice(from, to).map((value, index) => `${((from + index) / Math.max(1, values.length - 1) * 96).toFixed(1)},${(21 - value / most * 20).toFixed(1)}`);
    line.setAttribute("points", points.length === 1 ? `${points[0]} ${points[0]}` : points.join(" "));
    drawing.append(line);
    from = to;
  }
  return drawing;
}

function fill(cell, name, row) {
  const column = columns[name];
  if (name === "name") {
    const link = cell.firstChild ?? element("a", "", cell);
    link.textContent = row.name || "(no name)";
    link.title = row.name;
    link.href = `#${chosen.kind}/${encodeURIComponent(row.id)}`;
  } else if (name === "used") {
    cell.classList.add("share");
    cell.replaceChildren();
    element("span", used(row), cell);
    cell.title = row.reason ? whyNot(row.reason) : "";
    if (row.used_bytes !== undefined) element("i", "", cell).style.width = Math.min(100, row.used_bytes / Math.max(1, row.resident_bytes) * 100) + "%";
  } else if (name === "hour") {
    cell.replaceChildren(...(row.spark ? [sparkline(row.spark.resident_bytes)] : []));
  } else {
    const text = String(column.text(row) ?? "");
    if (cell.textContent !== text) cell.textContent = text;
    if (column.className) cell.title = text;
  }
}

function drawHead(changed) {
  const head = document.querySelector("#table thead tr");
  head.replaceChildren();
  for (const name of columnsOf[chosen.kind]) {
    const column = columns[name];
    const cell = element("th", "", head);
    cell.scope = "col";
    cell.classList.toggle("number", !!column.number);
    cell.classList.toggle("wide", !!column.wide);
    if (column.sort) {
      const button = element("button", column.title, cell);
      button.type = "button";
      button.addEventListener("click", () => {
        chosen.sort = column.sort;
        drawHead(changed);
        document.querySelector("#table th[aria-sort] button")?.focus();
        changed();
      });
      if (column.sort === chosen.sort) cell.ariaSort = column.rises ? "ascending" : "descending";
    } else {
      cell.textContent = column.title;
    }
  }
}

export function drawTable(overview) {
  const table = overview[chosen.kind];
  const matching = choice(table);
  const first = matching.slice(0, +chosen.top);
  const body = document.querySelector("#table tbody");
  const kept = new Set();
  first.forEach((row, index) => {
    const key = `${chosen.kind}/${row.id}`;
    kept.add(key);
    let line = rows.get(key);
    if (!line) {
      line = document.createElement("tr");
      for (const name of columnsOf[chosen.kind]) {
        const cell = element("td", "", line);
        cell.classList.toggle("number", !!columns[name].number);
        cell.classList.toggle("wide", !!columns[name].wide);
        if (columns[name].className) cell.classList.add(columns[name].className);
      }
      rows.set(key, line);
    }
    columnsOf[chosen.kind].forEach((name, cell) => fill(line.cells[cell], name, row));
    if (body.rows[index] !== line) body.insertBefore(line, body.rows[index] ?? null);
  });
  for (const [key, line] of rows) {
    if (!kept.has(key)) {
      line.remove();
      rows.delete(key);
    }
  }
  document.querySelectorAll("#choice input[name=kind]").forEach(input => input.parentElement.querySelector(".count").textContent = overview[input.value].total);
  byId("matching").textContent = table.total === 0 ? `No ${chosen.kind} are watched.`
    : matching.length === 0 ? `None of ${table.total} ${chosen.kind} matches “${chosen.search}”.`
      : first.length < matching.length ? `${first.length} of ${matching.length} ${chosen.kind} are shown.` : "";
}

/** Listens to what people choose. */
export function listen(changed) {
  let typing;
  byId("choice").addEventListener("submit", event => event.preventDefault());
  byId("choice").addEventListener("input", event => {
    const kind = document.querySelector("#choice input[name=kind]:checked").value;
    if (kind !== chosen.kind) choose(kind, changed);
    chosen.top = byId("top").value;
    chosen.search = byId("search").value.trim();
    clearTimeout(typing);
    typing = setTimeout(changed, event.target.id === "search" ? 100 : 0);
  });
  document.addEventListener("keydown", event => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/INPUT|SELECT/.test(document.activeElement.tagName) && !byId("glance").hidden) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  drawHead(changed);
}

/** Shows the table of a kind. */
export function choose(kind, changed) {
  if (kind === chosen.kind) return;
  chosen.kind = kind;
  if (kind !== "processes" && chosen.sort === "pid") chosen.sort = "resident";
  document.querySelector(`#choice input[value=${kind}]`).checked = true;
  document.querySelector("#table tbody").replaceChildren();
  rows.clear();
  drawHead(changed);
}
