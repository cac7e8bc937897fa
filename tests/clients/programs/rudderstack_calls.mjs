// rudderstack_calls.mjs <address> <write key>: makes every call of RudderStack's client, and prints what it reports.
import Analytics from "@rudderstack/rudder-sdk-node";
import axios from "axios";

const [dataPlaneUrl, writeKey] = process.argv.slice(2);
const statuses = [];
const failures = [];
const axiosInstance = axios.create();
axiosInstance.interceptors.response.use(
  (answer) => { statuses.push(answer.status); return answer; },
  (error) => { statuses.push(error.response?.status ?? null); throw error; },
);
const errorHandler = (error) => failures.push(String(error));
const rudder = new Analytics(writeKey, { dataPlaneUrl, errorHandler, axiosInstance, logLevel: "none" });

rudder.track({ userId: "ada", event: "Song Played", properties: { artist: "Nina", seconds: 12.5 } });
rudder.identify({ userId: "ada", traits: { plan: "pro" } });
rudder.page({ userId: "ada", category: "Docs", name: "Home", properties: { path: "/" } });
rudder.screen({ userId: "ada", category: "Docs", name: "Home" });
rudder.group({ userId: "ada", groupId: "club", traits: { size: 3 } });
rudder.alias({ userId: "ada", previousId: "guest" });
await rudder.flush();

console.log(JSON.stringify({ statuses, failures }));
