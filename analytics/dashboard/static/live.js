/** The last events, and new ones as they are stored. */

import { open } from "./api.js";
import { h, hintAtMore } from "./dom.js";
import { moment, timeOrDate } from "./format.js";
import { tail } from "./names.js";
import { Failure } from "./session.js";
import { messages } from "./stream.js";

const MOST_ROWS = 50;
const LAST = 20; // how many events there are at the beginning
const SHOW_EVERY_MS = 500;
const SILENCE_MS = 40_000; // the service sends something every 15 s
const [SOON_MS, LATE_MS] = [1_000, 30_000];

export class Live {
  #session;
  #onOpen;
  #log = document.querySelector("#live .log");
  #status = document.querySelector("#live [role=status]");
  #button = document.querySelector("#live button");
  #running = null;
  #list = this.#log.querySelector("ul");
  #known = new Set();
  #waiting = [];
  #attempts = 0;

  /** @param {(id: string) => void} onOpen is called with the id of the event that a person opens */
  constructor(session, onOpen) {
    this.#session = session;
    this.#onOpen = onOpen;
    this.#button.addEventListener("click", () => this.toggle());
    hintAtMore(this.#log);
    setInterval(() => this.#show(), SHOW_EVERY_MS);
  }

  /** Follow the stream until it is stopped. */
  async start() {
    this.stop();
    const { signal } = (this.#running = new AbortController());
    this.#press(false);
    while (!signal.aborted) {
      this.#say("Connecting …");
      const why = await this.#watch(signal).catch((error) => error);
      if (signal.aborted) return;
      this.#say(why instanceof Failure ? why.message : "Connection lost; reconnecting …");
      await pause(Math.random() * Math.min(LATE_MS, SOON_MS * 2 ** this.#attempts++), signal);
    }
  }

  /** Pause, or continue. */
  toggle() {
    if (this.#running) this.#pause();
    else this.start();
  }

  /** Stop following. */
  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  /** Clear the list. */
  clear() {
    this.stop();
    this.#waiting = [];
    this.#known.clear();
    this.#list.replaceChildren();
  }

  #pause() {
    this.stop();
    this.#press(true);
    this.#say("Paused");
  }

  async #watch(signal) {
    const silence = new AbortController();
    const both = AbortSignal.any([signal, silence.signal]);
    const response = await open(this.#session, "events/live", { last: LAST }, both);
    let timer = 0;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      for await (const { event, data } of messages(response.body, heard)) this.#take(event, data);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(event, data) {
    if (event === "open") {
      this.#attempts = 0;
      this.#say("Watching");
    } else if (event === "overrun") {
      this.#waiting.push(h("li", { class: "quiet" }, `${data.missed} more events were skipped`));
    } else if (!this.#known.has(data.id)) {
      this.#known.add(data.id);
      this.#waiting.push(this.#row(data));
    }
    if (this.#waiting.length > MOST_ROWS) this.#forget(this.#waiting.shift());
  }

  #row({ id, type, occurred_at, subject, user_id }) {
    const whose = subject ?? user_id ?? "";
    const time = h("time", { datetime: occurred_at, title: moment(occurred_at), class: "quiet" }, timeOrDate(occurred_at));
    const end = h("span", { class: "quiet", title: whose }, tail(whose));
    const open = h("button", { type: "button", click: () => this.#onOpen(id) }, time, h("b", {}, type), end);
    return h("li", { "data-id": id }, open);
  }

  #forget(row) {
    this.#known.delete(row.dataset.id);
    row.remove();
  }

  /** Show new events twice a second, so that neither the browser nor a screen reader is flooded. */
  #show() {
    if (!this.#waiting.length) return;
    this.#list.prepend(...this.#waiting.reverse());
    this.#waiting = [];
    while (this.#list.children.length > MOST_ROWS) this.#forget(this.#list.lastElementChild);
  }

  #say(text) {
    this.#status.textContent = text;
  }

  #press(isPaused) {
    this.#button.setAttribute("aria-pressed", String(isPaused));
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve);
  });
}
