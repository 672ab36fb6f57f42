// Everything the page says to the simulator, and the stream of what it hears.

/** Do something as a person (or with the clock); a refusal becomes an Error with the simulator's sentence. */
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

/** Return the messages of a chat right before one of them, and how many lie before those. */
export async function fetchEarlier(person, before) {
  const response = await fetch(`/demo/chat/${person}?before=${before}`);
  if (!response.ok) throw new Error(`The simulator answered ${response.status}.`);
  return response.json();
}

const EVENTS = ["state", "message", "edit", "delete", "action", "tap", "answer", "standing", "profile", "person", "clock", "step"];

/** Call `hear(name, content)` for every event, and `online(yes)` as the connection comes and goes. It connects again by itself. */
export function listen(hear, online) {
  const source = new EventSource("/demo/events");
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => hear(name, JSON.parse(event.data)));
  }
  source.addEventListener("open", () => online(true));
  source.addEventListener("error", () => {
    online(false);
    // After an answer that is no stream the browser gives up; a simulator that was started anew is worth another try.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(hear, online), 1500);
  });
}
