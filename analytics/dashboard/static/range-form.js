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
    const isNamed = typeof range === "string";
    const shown = JSON.stringify(range);
    if (!isNamed && shown === this.#shown) return;
    this.#shown = shown;
    this.#check(isNamed ? range : DATES);
    this.#dates.hidden = isNamed;
    this.#problem.textContent = "";
    [this.#from.value, this.#to.value] = isNamed ? [first, last] : [range.from, range.to];
  }

  /** Let a person enter dates; at first they are those of the range so far. */
  enterDates() {
    this.#check(DATES);
    this.#choose();
    this.#from.focus();
  }

  #check(name) {
    this.#names.querySelector(`[value="${name}"]`).checked = true;
  }

  #choose() {
    const name = this.#names.querySelector(":checked").value;
    this.#dates.hidden = name !== DATES;
    if (name !== DATES) return this.#onChoice(name);
    const dates = { from: this.#from.value, to: this.#to.value };
    this.#problem.textContent = problemOf(dates);
    if (!this.#problem.textContent) this.#onChoice(dates);
  }
}
