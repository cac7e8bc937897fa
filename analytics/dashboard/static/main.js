/** The page: logging in, showing panels, updating them. */

import { asking } from "./api.js";
import { funnel, offerTypes } from "./funnel.js";
import { Live } from "./live.js";
import { overTime, products, retention, revenue, today } from "./panels.js";
import { rangeOf } from "./ranges.js";
import { Failure, Session } from "./session.js";
import { settleZone, zone } from "./zone.js";

const UPDATE_EVERY_MS = 60_000;
const [login, app] = ["login", "app"].map((id) => document.getElementById(id));
const [loginMessage, appMessage] = ["login-message", "app-message"].map((id) => document.getElementById(id));
const form = login.querySelector("form");

const session = new Session();
const ask = asking(session);
const range = () => rangeOf(document.querySelector("#range :checked").value);
const ranged = [overTime, revenue, products, funnel].map((panel) => panel(ask, range));
const panels = [today(ask), ...ranged, retention(ask)];
const live = new Live(session);

session.addEventListener("begin", () => {
  show(app);
  document.getElementById("person").textContent = session.username;
  update(panels);
  live.start();
  ask("stats", {}).then(({ by_type }) => offerTypes(Object.keys(by_type)), () => {}); // a convenience
});

session.addEventListener("end", ({ detail }) => {
  live.clear();
  panels.forEach((panel) => panel.clear());
  askToLogIn(detail);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  loginMessage.textContent = "";
  try {
    await session.logIn(form.elements.username.value, form.elements.password.value);
    form.reset();
    app.querySelector("h1").focus();
  } catch (error) {
    loginMessage.textContent = error.message;
    form.elements.password.select();
  } finally {
    button.disabled = false;
  }
});

document.getElementById("logout").addEventListener("click", async () => {
  appMessage.textContent = "";
  try {
    await session.logOut();
  } catch (error) {
    appMessage.textContent = `You are still logged in. ${error.message}`;
  }
});

document.getElementById("range").addEventListener("change", () => update(ranged));
setInterval(() => !document.hidden && session.username && update(panels), UPDATE_EVERY_MS);

async function update(those) {
  await settleZone(ask);
  if (!session.username) return; // the session has ended in the meantime
  document.getElementById("zone").textContent = zone.label;
  those.forEach((panel) => panel.update());
}

function show(view) {
  for (const one of [login, app]) one.hidden = one !== view;
}

function askToLogIn(message) {
  show(login);
  loginMessage.textContent = message;
  form.elements.username.focus();
}

await session.resume().catch((error) => askToLogIn(error instanceof Failure ? error.message : String(error)));
