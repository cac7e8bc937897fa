/** The funnel: how many people reach each step. The viewer chooses the steps; the browser remembers them. */

import { h } from "./dom.js";
import { count, share } from "./format.js";
import { Panel } from "./panel.js";

const KEY = "dashboard-funnel";
const USUAL = { steps: ["page.viewed", "user.registered", "order.confirmed"], window: "604800" };
const [LEAST, MOST] = [2, 6];

export function funnel(ask, range) {
  const form = document.querySelector("#funnel form");
  const load = async (signal) => {
    const { from, to } = range();
    const { steps, window } = remembered();
    return ask("funnel", { from, to, step: steps, window }, signal);
  };
  const panel = new Panel("funnel", load, show, "No one took the first step in this period.");
  new Editor(form, () => panel.update());
  return panel;
}

/** Offer the existing types of events. */
export function offerTypes(types) {
  document.querySelector("#types").replaceChildren(...types.map((type) => h("option", { value: type })));
}

function show({ steps }) {
  const first = steps[0].users;
  if (!first) return null;
  const items = steps.map(({ type, users }, at) => {
    const text = h("p", {}, type, " ", h("b", {}, count(users)), " ");
    const ofStepBefore = at > 1 ? `, ${share(users, steps[at - 1].users)} of the step before` : "";
    if (at) text.append(h("span", { class: "quiet" }, `${share(users, first)} of all${ofStepBefore}`));
    const part = h("div", { class: "funnel-bar", "aria-hidden": "true" });
    part.style.setProperty("--part", `${(users / first) * 100}%`);
    return h("li", {}, text, part);
  });
  return [h("ol", { class: "funnel-steps" }, ...items)];
}

/** The form: between two and six steps. */
class Editor {
  #form;
  #list;

  constructor(form, onShow) {
    this.#form = form;
    this.#list = form.querySelector("ol");
    const { steps, window } = remembered();
    form.elements.window.value = window;
    steps.forEach((step) => this.#add(step));
    form.querySelector(".add").addEventListener("click", () => this.#add("").querySelector("input").focus());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#remember();
      onShow();
    });
  }

  #add(step) {
    const input = h("input", { name: "step", list: "types", required: true, maxlength: 200, spellcheck: "false" });
    input.value = step;
    const remove = h("button", { type: "button", class: "plain" }, "✕");
    const item = h("li", {}, input, remove);
    remove.addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      this.#count();
      next.querySelector("input").focus();
    });
    this.#list.append(item);
    this.#count();
    return item;
  }

  /** Number the steps, and enable the buttons that apply to their number. */
  #count() {
    const items = [...this.#list.children];
    items.forEach((item, at) => {
      item.querySelector("input").setAttribute("aria-label", `Step ${at + 1}`);
      const remove = item.querySelector("button");
      remove.setAttribute("aria-label", `Remove step ${at + 1}`);
      remove.disabled = items.length <= LEAST;
    });
    this.#form.querySelector(".add").disabled = items.length >= MOST;
  }

  #remember() {
    const fields = new FormData(this.#form);
    localStorage.setItem(KEY, JSON.stringify({ steps: fields.getAll("step"), window: fields.get("window") }));
  }
}

function remembered() {
  try {
    return { ...USUAL, ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    return USUAL;
  }
}
