// The page: passes the simulator's events to the phones, the clock and the list of steps.

import { setBot } from "./links.js";
import { offerLanguages, prepareForm } from "./newcomer.js";
import { Phone } from "./phone.js";
import { act, listen } from "./server.js";
import { Steps } from "./steps.js";
import { Tabs } from "./tabs.js";
import { skippedLine, clockFace, now, setClock } from "./time.js";

const byId = (id) => document.getElementById(id);
const phones = new Map();
const tabs = new Tabs();
const steps = new Steps(
  (id) => phones.get(id) ?? null,
  (phone) => tabs.show(phone.element),
);
let bot = { name: "Bot", username: "" };

function others(phone) {
  return [...phones.values()].filter((other) => other !== phone);
}

function onMessage(phone, message) {
  if (!message.mine) tabs.notice(phone.element);
}

function addPerson(person) {
  const known = phones.get(person.id);
  if (known) {
    known.reset(person, bot);
    return;
  }
  const phone = new Phone(person, bot, { others, onMessage });
  phones.set(person.id, phone);
  byId("phones").append(phone.element);
  tabs.add(phone.element, person.name, `tab-${person.id}`);
  if (person.id === welcome) greet(person.id);
}

let welcome = null;

// The event about a new person may arrive before or after the response to the form.
function greet(id) {
  const phone = phones.get(id);
  welcome = phone ? null : id;
  if (!phone) return;
  tabs.show(phone.element);
  phone.composer.only.focus();
}

function showSteps() {
  tabs.rename(byId("steps"), `Steps ${steps.progress}`);
}

function setName(about) {
  bot = about;
  setBot(bot.username);
  document.title = `${bot.name} in a simulated Telegram`;
  byId("title").textContent = bot.name;
  for (const phone of phones.values()) phone.setBot(bot);
}

function setTime({ now: seconds, skipped }) {
  const jump = seconds * 1000 - now();
  setClock(seconds);
  byId("skipped").textContent = skippedLine(skipped);
  tick();
  // The regular time event is not announced; a skip is.
  if (ready && jump > 30_000)
    byId("announcer").textContent = `The clock now shows ${clockFace(now())}.`;
}

function tick() {
  const clock = byId("clock");
  clock.textContent = clockFace(now());
  clock.dateTime = new Date(now()).toISOString();
  for (const phone of phones.values()) phone.tick();
  // Relative times change with the clock.
  for (const piece of document.querySelectorAll(".relative")) piece.refresh();
}

let ready = false;

function begin(state) {
  setTime(state);
  setName(state.bot);
  offerLanguages(state.languages);
  const gone = [...phones.keys()].filter((id) => !state.people.some((person) => person.id === id));
  // A different simulator answers: reload, so that nothing of the old one is left.
  if (gone.length) location.reload();
  state.people.forEach(addPerson);
  steps.fill(state.steps);
  showSteps();
  ready = true;
  document.body.dataset.ready = "true";
}

const HANDLERS = {
  state: begin,
  clock: setTime,
  person: ({ ...person }) => addPerson(person),
  step: ({ step }) => {
    steps.done(step);
    showSteps();
  },
  profile: ({ bot: about, people }) => {
    setName(about);
    for (const profile of people) phones.get(profile.id)?.setProfile(profile);
  },
  message: ({ message }, phone) => phone.added(message),
  edit: ({ message }, phone) => phone.edited(message),
  delete: ({ ids }, phone) => phone.log.remove(ids),
  action: ({ action }, phone) => phone.act(action),
  tap: ({ message, data }, phone) => phone.tapped(message, data),
  answer: (answer, phone) => phone.answered(answer),
  standing: ({ started, blocked }, phone) => phone.setAccess({ started, blocked }),
};

function online(yes) {
  byId("link").textContent = yes ? "Live" : "Connecting …";
  document.body.classList.toggle("offline", !yes);
}

for (const element of document.querySelectorAll("[data-skip]")) {
  element.addEventListener("click", () => {
    act("skip", { seconds: Number(element.dataset.skip) }).catch((error) => {
      byId("announcer").textContent = error.message;
    });
  });
}

tabs.add(byId("steps"), "Steps", "tab-steps");
prepareForm(byId("add"), greet);
setInterval(tick, 1000);
listen((name, content) => HANDLERS[name](content, phones.get(content.person)), online);
