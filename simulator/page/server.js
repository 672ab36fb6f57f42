// Requests to the simulator, and its stream of events.

/** Act as a person or move the clock; a refusal becomes an Error with the simulator's sentence. */
export async function act(name, body) {
  const response = await fetch(`/demo/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The simulator answered ${response.status}.`);
  return answer;
}

/** Return the messages before a given one, and how many precede those. */
export async function fetchEarlier(person, before) {
  const response = await fetch(`/demo/chat/${person}?before=${before}`);
  if (!response.ok) throw new Error(`The simulator answered ${response.status}.`);
  return response.json();
}

const EVENTS = [
  "state",
  "message",
  "edit",
  "delete",
  "action",
  "tap",
  "answer",
  "standing",
  "profile",
  "person",
  "clock",
  "step",
];

/**
 * Call `onEvent(name, content)` for every event, and `onOnline(yes)` when the connection changes.
 * Reconnect when the connection is lost.
 */
export function listen(onEvent, onOnline) {
  const source = new EventSource("/demo/events");
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)));
  }
  source.addEventListener("open", () => onOnline(true));
  source.addEventListener("error", () => {
    onOnline(false);
    // After a response that is not a stream the browser gives up; the simulator may have been
    // restarted, so retry.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onEvent, onOnline), 1500);
  });
}
