/** A part of the page that shows an answer, that it is loading, that it is empty, or an error. */

import { h, replaceContent } from "./dom.js";

/** Bubbles from a panel whose person wants to try again. All panels then show the same moment. */
export const AGAIN = "again";

export class Panel {
  #body;
  #load;
  #show;
  #empty;
  #turn = 0;
  #shown = new AbortController();

  /**
   * @param {string} id of its section
   * @param {(snapshot: import("./snapshot.js").Snapshot) => Promise<any>} load queries
   * @param {(answer: any, snapshot: import("./snapshot.js").Snapshot, signal: AbortSignal) => Node[] | null} show returns
   *   the content, which lives until *signal* aborts; null if it is empty
   * @param {(snapshot: import("./snapshot.js").Snapshot) => Node} empty returns what is shown for an empty answer
   */
  constructor(id, load, show, empty) {
    this.#body = document.querySelector(`#${id} .body`);
    this.#load = load;
    this.#show = show;
    this.#empty = empty;
  }

  /** Query (again) and show; of several concurrent updates the last one counts. */
  async update(snapshot) {
    const turn = ++this.#turn;
    this.#wait();
    try {
      const answer = await this.#load(snapshot);
      if (turn !== this.#turn) return;
      const shown = new AbortController();
      this.#put(shown, this.#show(answer, snapshot, shown.signal) ?? [this.#empty(snapshot)]);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (error.status === undefined) console.error(error); // a bug of this page
      this.#put(new AbortController(), [this.#failed(error)]);
    }
  }

  /** Clear the panel, and ignore answers that are still to come. */
  clear() {
    this.#turn++;
    this.#put(new AbortController(), []);
  }

  #wait() {
    this.#body.setAttribute("aria-busy", "true");
    if (!this.#body.hasChildNodes()) this.#body.append(h("p", { class: "loading" }, "Loading …"));
  }

  #put(shown, nodes) {
    this.#shown.abort();
    this.#shown = shown;
    replaceContent(this.#body, nodes);
    this.#body.removeAttribute("aria-busy");
  }

  #failed(error) {
    const message = error.status === undefined ? "This panel could not be shown." : error.message;
    const again = () => this.#body.dispatchEvent(new Event(AGAIN, { bubbles: true }));
    return h(
      "div",
      { class: "failed", role: "alert" },
      h("p", {}, message),
      h("button", { type: "button", class: "plain", click: again }, "Try again"),
    );
  }
}
