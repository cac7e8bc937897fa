/** The choice of a range: a name, or two dates. */

import { problemOf } from "./ranges.js";

const DATES = "dates";

export class RangeForm {
  #names = document.getElementById("range");
  #dates = document.getElementById("dates");
  #from = this.#dates.querySelector("[name=from]");
  #to = this.#dates.querySelector("[name=to]");
  #problem = this.#dates.querySelector("[role=alert]");
  #shown = "";
  #onChoice;

  /** @param {(range: string | {from: string, to: string}) => void} onChoice */
  constructor(onChoice) {
    this.#onChoice = onChoice;
    this.#names.addEventListener("change", () => this.#choose());
    this.#dates.addEventListener("change", () => this.#choose());
  }

  /** Show a range, and its days. Dates that a person is entering stay until the range changes. */
  show(range, { first, last }) {
    const shown = JSON.stringify(range);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isNamed = typeof range === "string";
    this.#check(isNamed ? range : DATES);
    this.#dates.hidden = isNamed;
    this.#problem.textContent = "";
    [this.#from.value, this.#to.value] = isNamed ? [first, last] : [range.from, range.to];
  }

  /** Let a person enter dates. */
  enterDates() {
    this.#check(DATES);
    this.#dates.hidden = false;
    this.#from.focus();
  }

  #check(name) {
    this.#names.querySelector(`[value="${name}"]`).checked = true;
  }

  #choose() {
    const name = this.#names.querySelector(":checked").value;
    const hasAsked = !this.#dates.hidden;
    this.#dates.hidden = name !== DATES;
    if (name !== DATES) return this.#onChoice(name);
    if (!hasAsked) return; // the dates are those of the range so far
    const dates = { from: this.#from.value, to: this.#to.value };
    this.#problem.textContent = problemOf(dates);
    if (!this.#problem.textContent) this.#onChoice(dates);
  }
}
