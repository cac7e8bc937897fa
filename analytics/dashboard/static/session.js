/**
 * The session of the person who is logged in.
 *
 * The access token is only in this module's memory. The refresh token is in a cookie that no script can read and that
 * all tabs share; it can be used once, so tabs take turns (Web Locks).
 */

const PATH = "/dashboard/session";
const LOCK = "dashboard-session";
const EARLY_MS = 60_000; // how long before its expiry a token is replaced
const ENDED = ["session_ended", "not_an_analyst"];
const FORGOTTEN = "session_not_ended"; // the cookie is deleted, but the user service did not answer
const AGAIN_AFTER_MS = [1_000, 3_000]; // for 30 s the user service repeats a lost answer; later it assumes theft

/** A failed request; `status` is 0 without an answer, `code` is that of the problem document. */
export class Failure extends Error {
  constructor(message, status = 0, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the request may have succeeded although its answer was lost. */
  get isUncertain() {
    return this.status === 0 || this.status >= 500;
  }

  /** Read a problem document (RFC 9457). */
  static async from(response) {
    const { detail, code } = await response.json().catch(() => ({}));
    return new Failure(detail ?? `The service answered with status ${response.status}.`, response.status, code);
  }
}

/** Fetch; a missing answer is a Failure as well. */
export async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The service cannot be reached.");
  }
}

/** Dispatches `begin` and `end`. */
export class Session extends EventTarget {
  #token = null;
  #expiresAt = 0;
  #refreshing = null;

  /** The name of the person who is logged in. */
  username = null;

  /** Begin a session. */
  async logIn(username, password) {
    const body = JSON.stringify({ username, password });
    this.#hold(await this.#send({ method: "POST", headers: { "Content-Type": "application/json" }, body }));
  }

  /** Continue the session of the cookie, if there is one. */
  async resume() {
    try {
      await this.#refresh();
    } catch (error) {
      if (!ENDED.includes(error.code)) throw error;
    }
  }

  /** End the session, at the user service too; if that does not answer, the cookie is deleted anyway. */
  async logOut() {
    let message = "";
    try {
      await this.#send({ method: "DELETE" });
    } catch (error) {
      if (error.code !== FORGOTTEN) throw error;
      message = error.message;
    }
    this.#drop(message);
  }

  /** Return an access token that is valid for at least a minute; a *refused* one is replaced. */
  async token(refused = null) {
    if (this.#token === refused || Date.now() > this.#expiresAt - EARLY_MS) await this.#refresh();
    return this.#token;
  }

  #refresh() {
    this.#refreshing ??= this.#next().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #next() {
    try {
      const session = await this.#renew();
      if (session) return this.#hold(session);
    } catch (error) {
      if (ENDED.includes(error.code)) this.#drop(error.message);
      throw error;
    }
    const ended = new Failure("Your session has ended: log in again.", 401, ENDED[0]);
    this.#drop(this.username ? ended.message : "");
    throw ended;
  }

  /** Get the next tokens; tries again if it is unknown whether the refresh token was spent. */
  async #renew() {
    for (const pause of AGAIN_AFTER_MS) {
      try {
        return await this.#send({ method: "POST" }, "/refresh");
      } catch (error) {
        if (!error.isUncertain) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return this.#send({ method: "POST" }, "/refresh");
  }

  #hold(session) {
    this.#token = session.access_token;
    this.#expiresAt = Date.now() + session.expires_in * 1000;
    const isNew = this.username !== session.username;
    this.username = session.username;
    if (isNew) this.dispatchEvent(new Event("begin"));
  }

  #drop(message) {
    this.#token = this.username = null;
    this.dispatchEvent(new CustomEvent("end", { detail: message }));
  }

  /** Send, taking turns with other tabs, even if the page is closed meanwhile (keepalive): a lost cookie would look like theft. */
  #send(options, path = "") {
    return navigator.locks.request(LOCK, async () => {
      const response = await request(PATH + path, { ...options, keepalive: true });
      if (!response.ok) throw await Failure.from(response);
      return response.status === 204 ? null : response.json();
    });
  }
}
