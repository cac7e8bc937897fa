// graphql_audits.mjs <address>: audits a GraphQL server, and prints each audit with its result.
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
const results = await Promise.all(serverAudits({ url }).map((audit) => audit.fn()));

console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
