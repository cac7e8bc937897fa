// segment_calls.mjs <address> <write key>: makes every call of Segment's client, and prints what it reports.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const segment = new Analytics({ host, writeKey });
const statuses = [];
const failures = [];
segment.on("http_response", ({ status }) => statuses.push(status));
segment.on("error", ({ reason }) => failures.push(String(reason)));

segment.track({ userId: "ada", event: "Song Played", properties: { artist: "Nina", seconds: 12.5 } });
segment.identify({ userId: "ada", traits: { plan: "pro" } });
segment.page({ userId: "ada", category: "Docs", name: "Home", properties: { path: "/" } });
segment.screen({ userId: "ada", category: "Docs", name: "Home" });
segment.group({ userId: "ada", groupId: "club", traits: { size: 3 } });
segment.alias({ userId: "ada", previousId: "guest" });
await segment.closeAndFlush();

console.log(JSON.stringify({ statuses, failures }));
