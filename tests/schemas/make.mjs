// Makes the JSON Schemas in slack/ from the types in wanted.ts and from the responses of @slack/web-api. `regenerate.sh` runs it.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createGenerator } from "ts-json-schema-generator";

const out = process.argv[2];
const methods = process.argv.slice(3);
const require = createRequire(import.meta.url);
const config = { path: "wanted.ts", tsconfig: "tsconfig.json", skipTypeCheck: true, minify: true, jsDoc: "none", topRef: true };

const kebab = (name) => name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
const pascal = (method) => method.split(".").map((part) => part[0].toUpperCase() + part.slice(1)).join("");

const shapes = createGenerator(config);
for (const type of readFileSync("wanted.ts", "utf8").matchAll(/^export type (\w+)/gm)) {
  writeFileSync(`${out}/${kebab(type[1])}.json`, `${JSON.stringify(shapes.createSchema(type[1]))}\n`);
}

// One generator a response: two of them may each have an `Attachment` of their own.
const responses = {};
const place = require.resolve("@slack/web-api").replace(/index\.js$/, "types/response/");
for (const method of methods) {
  const type = `${pascal(method)}Response`;
  const file = `${place}${type}.d.ts`;
  try {
    readFileSync(file);
  } catch {
    console.error(`@slack/web-api has no type for ${method}`);
    continue;
  }
  responses[method] = createGenerator({ ...config, path: file, topRef: false }).createSchema(type);
}
writeFileSync(`${out}/responses.json`, `${JSON.stringify(responses)}\n`);

const versions = ["@slack/types", "@slack/bolt", "@slack/web-api"].map((name) => {
  const at = require.resolve(name).replace(/dist\/index\.js$/, "package.json");
  return `${name} ${JSON.parse(readFileSync(at, "utf8")).version}`;
});
writeFileSync(`${out}/VERSION`, `${versions.join("\n")}\n`);
