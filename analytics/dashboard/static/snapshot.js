/** One look at the numbers of a period, which all panels share. */

export class Snapshot {
  #ask;
  #answers = new Map();
  #ending = new AbortController();

  /**
   * @param {(path: string, query: object, signal: AbortSignal) => Promise<any>} ask
   * @param {ReturnType<import("./ranges.js").periodOf>} period
   */
  constructor(ask, period) {
    this.#ask = ask;
    this.period = period;
  }

  /** Query; the same query is sent once, so all panels show the same answer. */
  ask = (path, query) => {
    const key = JSON.stringify([path, query]);
    if (!this.#answers.has(key)) this.#answers.set(key, this.#ask(path, query, this.#ending.signal));
    return this.#answers.get(key);
  };

  /** Stop the queries that are still running. */
  end() {
    this.#ending.abort();
  }
}
