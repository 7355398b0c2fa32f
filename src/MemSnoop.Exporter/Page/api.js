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

/** Calls back with the number of each pass that has ended, and with whether the exporter can be heard. */
export function follow(ended, heard) {
  const events = new EventSource("api/v1/events");
  events.addEventListener("open", () => heard(true));
  events.addEventListener("error", () => heard(false));
  events.addEventListener("round", event => ended(JSON.parse(event.data)));
}
