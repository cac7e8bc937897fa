/** New events. EventSource cannot send a token, so the stream is read by fetch. */

import { open } from "./api.js";
import { h } from "./dom.js";
import { timeOfDay } from "./format.js";
import { Failure } from "./session.js";

const MOST_ROWS = 50;
const SHOW_EVERY_MS = 500;
const SILENCE_MS = 40_000; // the service sends something every 15 s
const [SOON_MS, LATE_MS] = [1_000, 30_000];

export class Live {
  #session;
  #log = document.querySelector("#live .log");
  #status = document.querySelector("#live [role=status]");
  #button = document.querySelector("#live button");
  #running = null;
  #waiting = [];
  #attempts = 0;

  constructor(session) {
    this.#session = session;
    this.#button.addEventListener("click", () => (this.#running ? this.#pause() : this.start()));
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

  /** Stop following. */
  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  /** Clear the list. */
  clear() {
    this.stop();
    this.#waiting = [];
    this.#log.replaceChildren();
  }

  #pause() {
    this.stop();
    this.#press(true);
    this.#say("Paused");
  }

  async #watch(signal) {
    const silence = new AbortController();
    const both = AbortSignal.any([signal, silence.signal]);
    const response = await open(this.#session, "events/live", {}, both);
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
    } else {
      this.#waiting.push(row(data));
    }
    this.#waiting = this.#waiting.slice(-MOST_ROWS);
  }

  /** Show new events twice a second, so that neither the browser nor a screen reader is flooded. */
  #show() {
    if (!this.#waiting.length) return;
    const list = this.#log.firstElementChild ?? this.#log.appendChild(h("ul"));
    list.prepend(...this.#waiting.reverse());
    this.#waiting = [];
    while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
  }

  #say(text) {
    this.#status.textContent = text;
  }

  #press(isPaused) {
    this.#button.setAttribute("aria-pressed", String(isPaused));
  }
}

function row({ type, occurred_at, subject, user_id }) {
  const whose = subject ?? user_id ?? "";
  const time = h("time", { datetime: occurred_at, class: "quiet" }, timeOfDay(occurred_at));
  return h("li", {}, time, h("b", {}, type), h("span", { class: "quiet", title: whose }, whose));
}

/** Read server-sent events; *onHeard* is called for everything that arrives, including heartbeats. */
async function* messages(body, onHeard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    onHeard();
    const parts = (rest + read.value).split("\n\n");
    rest = parts.pop();
    yield* parts.map(fields).filter(({ data }) => data);
  }
}

function fields(message) {
  const pair = (line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()];
  const { event = "message", data } = Object.fromEntries(message.split("\n").map(pair));
  return { event, data: data && JSON.parse(data) };
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve);
  });
}
