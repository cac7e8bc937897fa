/** Asking the service, as whoever is logged in. */

import { Failure, request } from "./session.js";

const BASE = "/api/v1/analytics/";

/** Make the function that asks: `ask("timeseries", {bucket: "day", type: ["a", "b"]}, signal)` gives the answer's JSON. */
export function asking(session) {
  return async (path, query, signal) => (await open(session, path, query, signal)).json();
}

/**
 * Give the response to a GET, whose body may be a stream.
 *
 * A token that is refused is replaced once: its session may have gone on in another tab.
 */
export async function open(session, path, query, signal) {
  const url = `${BASE}${path}?${parameters(query)}`;
  const get = async (token) => request(url, { headers: { Authorization: `Bearer ${token}` }, signal });
  const token = await session.token();
  let response = await get(token);
  if (response.status === 401) response = await get(await session.token(token));
  if (!response.ok) throw await Failure.from(response);
  return response;
}

function parameters(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, text(one)]));
  return new URLSearchParams(pairs);
}

function text(value) {
  return value instanceof Date ? value.toISOString() : String(value);
}
