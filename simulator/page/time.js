// The simulated time, and instants written as a person of some language in some zone reads them.

let shown = Date.now();
let heardAt = performance.now();

/** Set the clock to what the simulator says, in Unix seconds. */
export function setClock(seconds) {
  shown = seconds * 1000;
  heardAt = performance.now();
}

/** Return the simulated instant in milliseconds. */
export function now() {
  return shown + performance.now() - heardAt;
}

const formats = new Map();

function format(person, options) {
  const key = `${person.language} ${person.zone} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, newFormat(person, options));
  return formats.get(key);
}

function newFormat({ language, zone }, options) {
  const whole = { timeZone: zone, hourCycle: "h23", ...options };
  try {
    return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, whole);
  } catch {
    // A language the browser cannot make sense of, or a zone it is too old to know.
    return new Intl.DateTimeFormat("en-GB", { ...whole, timeZone: "UTC", timeZoneName: "short" });
  }
}

const TIME = { hour: "2-digit", minute: "2-digit" };

/** Return the time of day, `09:15`. */
export function timeOfDay(milliseconds, person) {
  return format(person, TIME).format(milliseconds);
}

/** Return the day for a line between messages, `November 23`, with the year where it is not the present one. */
export function dayLine(milliseconds, person) {
  const year = format(person, { year: "numeric" });
  const other = year.format(milliseconds) !== year.format(now());
  return format(person, { day: "numeric", month: "long", ...(other ? { year: "numeric" } : {}) }).format(milliseconds);
}

/** Return the zone as it counts now, `Berlin · GMT+1`. */
export function zoneLine(person) {
  const city = person.zone.split("/").at(-1).replaceAll("_", " ");
  const offset = zoneOffset(now(), person);
  return city === offset ? city : `${city} · ${offset}`;
}

function zoneOffset(milliseconds, person) {
  const parts = format({ ...person, language: "en" }, { timeZoneName: "shortOffset" }).formatToParts(milliseconds);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? person.zone;
}

/** Return what the clock everybody shares shows. */
export function clockFace(milliseconds) {
  const options = { weekday: "short", day: "numeric", month: "short", year: "numeric", ...TIME, second: "2-digit" };
  return `${format({ language: "en-GB", zone: "UTC" }, options).format(milliseconds)} UTC`;
}

/** Return a whole instant with its zone, as shown when a time in a message is pressed. */
export function wholeMoment(milliseconds, person) {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric", ...TIME };
  return { moment: format(person, options).format(milliseconds), zone: `${person.zone} (${zoneOffset(milliseconds, person)})` };
}

const DATES = { d: { day: "numeric", month: "short" }, D: { day: "numeric", month: "long", year: "numeric" } };
const TIMES = { t: TIME, T: { ...TIME, second: "2-digit" } };

/** Return an instant by a `date_time_format` of the Bot API: `r`, or weekday, time of day and date, each if asked for. */
export function formatted(milliseconds, pattern, person) {
  if (pattern === "r") return relative(milliseconds, person);
  const part = (letters, options) => [...pattern].filter((letter) => letters.includes(letter)).map((letter) => options[letter]);
  const pieces = [...part("w", { w: { weekday: "long" } }), ...part("tT", TIMES), ...part("dD", DATES)];
  return pieces.map((options) => format(person, options).format(milliseconds)).join(", ");
}

const UNITS = [["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** Return how far an instant is from the simulated present, `in 23 hours`. */
export function relative(milliseconds, person) {
  const seconds = Math.round((milliseconds - now()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(locale(person.language), { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Return how far the clock was moved, `2 days 30 minutes ahead`; nothing where it was not. */
export function aheadLine(seconds) {
  const parts = [["day", 86400], ["hour", 3600], ["minute", 60]].map(([unit, size], number, all) => {
    const count = Math.floor((number ? seconds % all[number - 1][1] : seconds) / size);
    return count ? `${count} ${unit}${count === 1 ? "" : "s"}` : "";
  });
  const length = parts.filter(Boolean).join(" ");
  return length && `${length} ahead`;
}

function locale(language) {
  try {
    return Intl.getCanonicalLocales(language);
  } catch {
    return "en";
  }
}
