// The simulated time, and times formatted for a person's language and zone.

let shown = Date.now();
let receivedAt = performance.now();

/** Set the clock to the simulator's time, in Unix seconds. */
export function setClock(seconds) {
  shown = seconds * 1000;
  receivedAt = performance.now();
}

/** Return the simulated time in milliseconds. */
export function now() {
  return shown + performance.now() - receivedAt;
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
    // The browser does not know the language or the zone.
    return new Intl.DateTimeFormat("en-GB", { ...whole, timeZone: "UTC", timeZoneName: "short" });
  }
}

const TIME = { hour: "2-digit", minute: "2-digit" };

/** Return the time of day, `09:15`. */
export function timeOfDay(milliseconds, person) {
  return format(person, TIME).format(milliseconds);
}

/** Return the day of a message, `23 November`, with the year unless it is the current one. */
export function dayLine(milliseconds, person) {
  const year = format(person, { year: "numeric" });
  const other = year.format(milliseconds) !== year.format(now());
  return format(person, {
    day: "numeric",
    month: "long",
    ...(other ? { year: "numeric" } : {}),
  }).format(milliseconds);
}

/** Return the zone with its current offset, `Berlin · GMT+1`. */
export function zoneLine(person) {
  const city = person.zone.split("/").at(-1).replaceAll("_", " ");
  const offset = zoneOffset(now(), person);
  return city === offset ? city : `${city} · ${offset}`;
}

function zoneOffset(milliseconds, person) {
  const parts = format(
    { ...person, language: "en" },
    { timeZoneName: "shortOffset" },
  ).formatToParts(milliseconds);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? person.zone;
}

/** Return the text of the shared clock. */
export function clockFace(milliseconds) {
  const options = {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    ...TIME,
    second: "2-digit",
  };
  return `${format({ language: "en-GB", zone: "UTC" }, options).format(milliseconds)} UTC`;
}

/** Return a full date and time with its zone, shown when a time in a message is pressed. */
export function fullTime(milliseconds, person) {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric", ...TIME };
  return {
    moment: format(person, options).format(milliseconds),
    zone: `${person.zone} (${zoneOffset(milliseconds, person)})`,
  };
}

const DATES = {
  d: { day: "numeric", month: "short" },
  D: { day: "numeric", month: "long", year: "numeric" },
};
const TIMES = { t: TIME, T: { ...TIME, second: "2-digit" } };

/** Format a time by a Bot API `date_time_format`: `r`, or any of weekday, time of day and date. */
export function formatted(milliseconds, pattern, person) {
  if (pattern === "r") return relative(milliseconds, person);
  const part = (letters, options) =>
    [...pattern].filter((letter) => letters.includes(letter)).map((letter) => options[letter]);
  const pieces = [
    ...part("w", { w: { weekday: "long" } }),
    ...part("tT", TIMES),
    ...part("dD", DATES),
  ];
  return pieces.map((options) => format(person, options).format(milliseconds)).join(", ");
}

const UNITS = [
  ["week", 604800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Return a time relative to the simulated time, `in 23 hours`. */
export function relative(milliseconds, person) {
  const seconds = Math.round((milliseconds - now()) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(locale(person.language), { numeric: "auto" }).format(
    Math.trunc(seconds / size),
    unit,
  );
}

/** Return how far the clock was moved, `2 days 30 minutes ahead`, or "". */
export function skippedLine(seconds) {
  const parts = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ].map(([unit, size], number, all) => {
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
