// The API of the exporter that served this page: docs/http.md.

/** The exporter refused, and said why in a sentence. */
export class Refusal extends Error {
  constructor(status, answer) {
    super(answer?.error ?? `the exporter answered with status ${status}`);
    Object.assign(this, { status, reason: answer?.reason ?? "failed" });
  }
}

async function send(method, path, body) {
  let response;
  try {
    response = await fetch("api/v1/" + path, body === undefined ? { method } : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Error("the exporter does not answer");
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

export const get = path => send("GET", path);
export const post = (path, body) => send("POST", path, body);
export const remove = path => send("DELETE", path);

// Who finds no place among those who look asks now and then instead.
const askEvery = 15_000;

/** Calls back with each overview, and with how it comes: "live", "now and then", or not at all. */
export function follow(came, heard) {
  const events = new EventSource("api/v1/events");
  let asking = null;
  const ask = async () => {
    try {
      came(await get("overview"));
      heard("now and then");
    } catch {
      heard("not connected");
    }
  };
  events.addEventListener("open", () => heard("live"));
  events.addEventListener("overview", event => came(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    heard("not connected");
    // The browser tries again by itself, but not after a refusal.
    if (events.readyState === EventSource.CLOSED && asking === null) {
      ask();
      asking = setInterval(ask, askEvery);
    }
  });
}
