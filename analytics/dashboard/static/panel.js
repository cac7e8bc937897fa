/** A part of the page that shows an answer, or that it is being waited for, that there is none, or why. */

import { h } from "./dom.js";

export class Panel {
  #body;
  #load;
  #show;
  #empty;
  #asking = new AbortController();
  #shown = new AbortController();

  /**
   * @param {string} id of its section
   * @param {(signal: AbortSignal) => Promise<unknown>} load asks
   * @param {(answer: any, signal: AbortSignal) => Node[] | null} show gives what is to be seen, until *signal* aborts;
   *   null for nothing
   * @param {string} empty is said then
   */
  constructor(id, load, show, empty) {
    this.#body = document.querySelector(`#${id} .body`);
    this.#load = load;
    this.#show = show;
    this.#empty = empty;
  }

  /** Ask (anew) and show; of several at once the last counts. */
  async update() {
    this.#asking.abort();
    const { signal } = (this.#asking = new AbortController());
    this.#wait();
    try {
      const answer = await this.#load(signal);
      if (signal.aborted) return;
      const shown = new AbortController();
      this.#put(shown, ...(this.#show(answer, shown.signal) ?? [h("p", { class: "empty" }, this.#empty)]));
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === undefined) console.error(error); // a mistake of this page
      this.#put(new AbortController(), this.#failed(error));
    }
  }

  /** Show nothing, and take no answer that is still to come. */
  clear() {
    this.#asking.abort();
    this.#put(new AbortController());
  }

  #wait() {
    this.#body.setAttribute("aria-busy", "true");
    if (!this.#body.hasChildNodes()) this.#body.append(h("p", { class: "loading" }, "Loading …"));
  }

  #put(shown, ...nodes) {
    this.#shown.abort();
    this.#shown = shown;
    this.#body.replaceChildren(...nodes);
    this.#body.removeAttribute("aria-busy");
  }

  #failed(error) {
    const message = error.status === undefined ? "This cannot be shown." : error.message;
    return h(
      "div",
      { class: "failed", role: "alert" },
      h("p", {}, message),
      h("button", { type: "button", class: "plain", click: () => this.update() }, "Try again"),
    );
  }
}
