// The host as one bar, the method in words, and when the next windows end.

const shown = new Map();

/** The parts of a host's memory that are known, in the order of the bar. */
function partsOf(host) {
  const idle = (host.idle ?? []).map((band, index) => ({ style: idleStyle(index), name: idleFor(band), bytes: band.bytes })).filter(band => band.bytes > 0);
  return [
    { style: "used", name: "used", bytes: host.used_bytes },
    ...idle,
    { style: "unknown", name: "held by programs, not known to be used or idle", bytes: host.unknown_bytes },
    { style: "cache", name: "page cache", bytes: host.page_cache_bytes },
    { style: "kernel", name: "kernel", bytes: host.kernel_bytes },
    { style: "free", name: "free", bytes: host.free_bytes },
  ].filter(part => part.bytes !== undefined);
}

function drawHost(host) {
  const parts = partsOf(host);
  const total = host.total_bytes ?? parts.reduce((sum, part) => sum + part.bytes, 0);
  byId("total").textContent = total ? bytes(total) : "";
  const bar = byId("host");
  bar.replaceChildren();
  byId("parts").replaceChildren();
  for (const part of parts) {
    const piece = element("span", "", bar);
    piece.className = part.style;
    piece.style.width = part.bytes / total * 100 + "%";
    const line = element("li", "", byId("parts"));
    element("i", "", line).className = part.style;
    line.append(`${part.name}: ${bytes(part.bytes)}`);
  }
  bar.setAttribute("aria-label", parts.map(part => `${part.name} ${bytes(part.bytes)}`).join(", "));
  byId("host-reason").hidden = !host.explanation;
  byId("host-reason").textContent = host.explanation ? `Not split further: ${host.explanation}.` : "";
}

function drawMethod(method) {
  byId("words").textContent = method.words;
  byId("precision").textContent = method.precision ? sentence(method.precision) : "";
  byId("limits").replaceChildren();
  for (const limit of method.limits) {
    const line = element("li", "", byId("limits"));
    element("b", limit.topic, line);
    line.append(`: ${limit.detail}.` + (limit.advice ? ` To do: ${limit.advice}.` : ""));
  }
}

/** When the next windows end. The clock of the browser need not be that of the host. */
function countDown() {
  const { windows, ahead } = shown.get("times") ?? {};
  if (!windows) return;
  const now = Date.now() / 1000 + ahead;
  const left = windows.next === undefined ? null : Math.max(0, Math.ceil(windows.next - now));
  byId("countdown").textContent =
    left === null ? ""
      : windows.pass_started !== undefined && left === 0 ? "a pass is under way"
        : windows.has_ended ? `next windows in ${left} s` : `first windows in ${left} s`;
}

export function drawOverview(overview) {
  shown.set("times", { windows: overview.windows, ahead: overview.at - Date.now() / 1000 });
  drawHost(overview.host);
  drawMethod(overview.method);
  byId("version").textContent = overview.exporter;
  countDown();
}

setInterval(countDown, 1000);
