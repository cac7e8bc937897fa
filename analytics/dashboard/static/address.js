/** The page's address has the view: it can be reloaded, shared and stepped back through. */

import { readView, writeView } from "./view.js";

export class Address {
  /** @param {() => void} onBack is called after the browser has stepped back or forward */
  constructor(onBack) {
    this.view = readView(location.search);
    addEventListener("popstate", () => {
      if (writeView(this.view) === location.search) return; // only the fragment has changed
      this.view = readView(location.search);
      onBack();
    });
  }

  /** Change the view; it becomes a step of the history. */
  go(change) {
    this.#put("pushState", change);
  }

  /** Change the view in place. */
  mend(change) {
    this.#put("replaceState", change);
  }

  #put(how, change) {
    this.view = { ...this.view, ...change };
    const address = location.pathname + writeView(this.view);
    if (address !== location.pathname + location.search) history[how](null, "", address);
  }
}
