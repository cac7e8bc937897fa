/** A part of the page that shows an answer, that it is loading, that it is empty, or an error. */

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
   * @param {(signal: AbortSignal) => Promise<unknown>} load sends the query
   * @param {(answer: any, signal: AbortSignal) => Node[] | null} show returns the content, which lives until *signal* aborts;
   *   null if it is empty
   * @param {string} empty the text for an empty answer
   */
  constructor(id, load, show, empty) {
    this.#body = document.querySelector(`#${id} .body`);
    this.#load = load;
    this.#show = show;
    this.#empty = empty;
  }

  /** Query (again) and show; of several concurrent updates the last one counts. */
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
      if (error.status === undefined) console.error(error); // a bug of this page
      this.#put(new AbortController(), this.#failed(error));
    }
  }

  /** Clear the panel, and ignore answers that are still to come. */
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
    const message = error.status === undefined ? "This panel could not be shown." : error.message;
    return h(
      "div",
      { class: "failed", role: "alert" },
      h("p", {}, message),
      h("button", { type: "button", class: "plain", click: () => this.update() }, "Try again"),
    );
  }
}
