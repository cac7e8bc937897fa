/** The page: logging in, showing panels, updating them. */

import { Address } from "./address.js";
import { asking } from "./api.js";
import { cards } from "./cards.js";
import { closeDialogs } from "./dialogs.js";
import { eventDialog } from "./event-dialog.js";
import { Export } from "./export.js";
import { funnel } from "./funnel.js";
import { Live } from "./live.js";
import { loginForm } from "./login-form.js";
import { AGAIN } from "./panel.js";
import { overTime, products, retention, revenue } from "./panels.js";
import { RangeForm } from "./range-form.js";
import { NAMED, periodOf } from "./ranges.js";
import { Failure, Session } from "./session.js";
import { listenToKeys } from "./shortcuts.js";
import { Snapshot } from "./snapshot.js";
import { settleZone, zone } from "./zone.js";

const UPDATE_EVERY_MS = 60_000;
const [login, app, message] = ["login", "app", "app-message"].map((id) => document.getElementById(id));

const session = new Session();
const ask = asking(session);
const address = new Address(update);
let snapshot = new Snapshot(ask, periodOf(address.view.range));

const hiding = {
  isHidden: (name) => address.view.hidden.includes(name),
  toggle: (name) => {
    const others = address.view.hidden.filter((one) => one !== name);
    address.mend({ hidden: hiding.isHidden(name) ? others : [...others, name] });
  },
};
const range = () => address.view.range;
const steps = funnel(() => address.view, chooseSteps);
const panels = [cards(range), overTime(hiding), revenue(), products(), steps, retention()];
const live = new Live(session, eventDialog(ask));
const saving = new Export(session, () => snapshot.period);
const rangeForm = new RangeForm(choose);
const showLogin = loginForm(session, () => app.querySelector("h1").focus());

session.addEventListener("begin", () => {
  show(app);
  document.getElementById("person").textContent = session.username;
  update();
  live.start();
});

session.addEventListener("end", ({ detail }) => {
  closeDialogs();
  live.clear();
  snapshot.end();
  panels.forEach((panel) => panel.clear());
  askToLogIn(detail);
});

document.getElementById("logout").addEventListener("click", async () => {
  message.textContent = "";
  try {
    await session.logOut();
  } catch (error) {
    message.textContent = `You are still logged in. ${error.message}`;
  }
});

document.getElementById("save").addEventListener("click", () => saving.open());
document.getElementById("panels").addEventListener(AGAIN, update);
setInterval(() => !document.hidden && session.username && update(), UPDATE_EVERY_MS);

const named = Object.keys(NAMED).map((name, at) => [String(at + 1), () => choose(name)]);
listenToKeys(
  {
    ...Object.fromEntries(named),
    d: () => rangeForm.enterDates(),
    r: update,
    p: () => live.toggle(),
    f: () => document.querySelector("#funnel input").focus(),
    e: () => saving.open(),
  },
  () => !app.hidden,
);

function choose(chosen) {
  address.go({ range: chosen });
  update();
}

function chooseSteps(chosen) {
  address.go(chosen);
  steps.update(snapshot);
}

/** Show the numbers as of now; all panels show the same moment. */
async function update() {
  if (!session.username) return;
  await settleZone(ask);
  if (!session.username) return; // the session has ended in the meantime
  document.getElementById("zone").textContent = zone.label;
  snapshot.end();
  snapshot = new Snapshot(ask, periodOf(range()));
  rangeForm.show(range(), snapshot.period);
  panels.forEach((panel) => panel.update(snapshot));
}

function show(view) {
  for (const one of [login, app]) one.hidden = one !== view;
}

function askToLogIn(text) {
  show(login);
  showLogin(text);
}

await session.resume().catch((error) => askToLogIn(error instanceof Failure ? error.message : String(error)));
