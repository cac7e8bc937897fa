/** The form of the funnel: between two and six steps. */

import { h } from "./dom.js";
import { FEWEST_STEPS, MOST_STEPS } from "./view.js";

export class FunnelForm {
  #form = document.querySelector("#funnel form");
  #list = this.#form.querySelector("ol");
  #types = document.getElementById("types");
  #isEdited = false;
  #choice = "";

  /** @param {(choice: {steps: string[], window: string}) => void} onChoice */
  constructor(onChoice) {
    this.#form.querySelector(".add").addEventListener("click", () => this.#add("").querySelector("input").focus());
    this.#form.addEventListener("input", () => (this.#isEdited = true));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = new FormData(this.#form);
      this.#isEdited = false;
      onChoice({ steps: fields.getAll("step"), window: fields.get("window") });
    });
  }

  /** Show steps, and offer types. What a person is editing stays, unless *choice* has changed since the last time. */
  show(steps, { choice, window, types }) {
    this.#types.replaceChildren(...types.map((type) => h("option", { value: type })));
    const isSame = choice === this.#choice;
    this.#choice = choice;
    if (isSame && (this.#isEdited || this.#isShown(steps))) return;
    this.#form.elements.window.value = window;
    this.#list.replaceChildren();
    [...steps, "", ""].slice(0, Math.max(steps.length, FEWEST_STEPS)).forEach((step) => this.#add(step));
    this.#isEdited = false;
  }

  #isShown(steps) {
    const shown = [...this.#list.querySelectorAll("input")].map(({ value }) => value).filter(Boolean);
    return shown.join("\n") === steps.join("\n");
  }

  #add(step) {
    const input = h("input", { name: "step", list: "types", required: true, maxlength: 200, spellcheck: "false" });
    input.value = step;
    const remove = h("button", { type: "button", class: "plain" }, "✕");
    const item = h("li", {}, input, remove);
    remove.addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      this.#changed();
      next.querySelector("input").focus();
    });
    this.#list.append(item);
    this.#changed();
    return item;
  }

  /** Number the steps, and enable the buttons that apply to their number. */
  #changed() {
    this.#isEdited = true;
    const items = [...this.#list.children];
    items.forEach((item, at) => {
      item.querySelector("input").setAttribute("aria-label", `Step ${at + 1}`);
      const remove = item.querySelector("button");
      remove.setAttribute("aria-label", `Remove step ${at + 1}`);
      remove.disabled = items.length <= FEWEST_STEPS;
    });
    this.#form.querySelector(".add").disabled = items.length >= MOST_STEPS;
  }
}
