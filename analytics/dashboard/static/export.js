/** Exporting the events of the period as a file. */

import { open } from "./api.js";
import { failure, openDialog } from "./dialogs.js";
import { h } from "./dom.js";
import { days } from "./format.js";

/** @param {() => ReturnType<import("./ranges.js").periodOf>} period is called when the dialog opens */
export class Export {
  #session;
  #period;
  #dialog = document.getElementById("export");
  #status = this.#dialog.querySelector("[role=status]");
  #buttons = [...this.#dialog.querySelectorAll("[data-format]")];
  #running = new AbortController();

  constructor(session, period) {
    this.#session = session;
    this.#period = period;
    for (const button of this.#buttons) button.addEventListener("click", () => this.#save(button.dataset.format));
    this.#dialog.addEventListener("close", () => this.#running.abort());
  }

  /** Open the dialog. */
  open() {
    const { first, last } = this.#period();
    this.#dialog.querySelector(".period").textContent = days(first, last);
    this.#status.replaceChildren();
    openDialog("export");
  }

  async #save(format) {
    const { from, to } = this.#period();
    const { signal } = (this.#running = new AbortController());
    this.#wait(true);
    try {
      const response = await open(this.#session, "export", { format, from, to }, signal);
      download(await response.blob(), fileName(response));
      this.#dialog.close();
    } catch (error) {
      if (!signal.aborted) this.#status.replaceChildren(failure(explained(error)));
    } finally {
      this.#wait(false);
    }
  }

  #wait(isWaiting) {
    this.#buttons.forEach((button) => (button.disabled = isWaiting));
    if (isWaiting) this.#status.replaceChildren(h("p", {}, "Exporting … Closing this dialog cancels."));
    else this.#status.querySelector("p:not([role])")?.remove();
  }
}

/** A file that breaks off has no status of its own. */
function explained(error) {
  return error.status === undefined ? new Error("The file broke off before its end. Choose fewer days.") : error;
}

function fileName(response) {
  return /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))[1];
}

function download(blob, name) {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser reads it later
}
