/** Requests to the service with the session's access token. */

import { Failure, request } from "./session.js";

const BASE = "/api/v1/analytics/";

/** Return the function that queries: `ask("timeseries", {bucket: "day", type: ["a", "b"]}, signal)` returns the answer's JSON. */
export function asking(session) {
  return async (path, query, signal) => (await open(session, path, query, signal)).json();
}

/**
 * Return the response to a GET; its body may be a stream.
 *
 * A refused token is replaced once: another tab may have continued the session.
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
