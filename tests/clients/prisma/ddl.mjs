// Prints the DDL that Prisma writes for a schema.prisma: what makes its tables in an empty database. It needs none.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as engine from "@prisma/schema-engine-wasm/schema_engine_bg";

const main = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm");
const wasm = readFileSync(main.replace(/\.js$/, "_bg.wasm"));
const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": engine });
engine.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const answer = (value) => async () => ({ ok: true, value });
// It begins by looking at a database, and believes that this one is empty.
const database = {
  provider: "postgres",
  adapterName: "empty",
  queryRaw: answer({ columnTypes: [], columnNames: [], rows: [] }),
  executeRaw: answer(0),
  dispose: answer(),
  getConnectionInfo: () => ({ ok: true, value: { schemaName: "public", supportsRelationJoins: true } }),
};
const adapter = { provider: "postgres", adapterName: "empty", connect: answer(database) };

const path = "schema.prisma";
const content = readFileSync(process.argv[2], "utf8");
const prisma = await engine.SchemaEngine.new({ datamodels: [[path, content]] }, () => undefined, adapter);
const { stdout } = await prisma.diff({
  from: { tag: "empty" },
  to: { tag: "schemaDatamodel", files: [{ path, content }] },
  script: true,
  shadowDatabaseUrl: null,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
process.stdout.write(stdout);
