/** Reading server-sent events from a response. EventSource cannot send a token, so the stream is read by fetch. */

/** Yield `{event, data}`; *onHeard* is called for everything that arrives, including heartbeats. */
export async function* messages(body, onHeard) {
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
