// cloudevents_calls.mjs <address> <write key>: sends an event in each mode, with and without a content type of its own.
import { CloudEvent, Mode, emitterFor, httpTransport } from "cloudevents";

const [address, writeKey] = process.argv.slice(2);
const transport = httpTransport(`${address}/api/v1/analytics/events`);

for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  const emit = emitterFor(transport, { mode });
  for (const datacontenttype of [undefined, "application/json"]) {
    const event = new CloudEvent({
      type: "com.example.sold",
      source: "https://example.org/shop",
      subject: `${mode} ${datacontenttype ?? "none"}`,
      datacontenttype,
      data: { price: 1.5, text: "\u00fc\u{1f600}" },
    });
    const answer = await emit(event, { headers: { Authorization: `Bearer ${writeKey}` } });
    console.log(answer.body);
  }
}
