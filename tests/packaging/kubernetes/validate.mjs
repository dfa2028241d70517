// Reads a JSON array of manifests from stdin, and prints for each of them what is wrong as an array of lines.
// Kubernetes' schemas let unknown fields pass, and the validators made of them read every field that a schema names:
// a field that was never read is unknown.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const models = join(process.env.SCHEMA_FOLDER, "node_modules/kubernetes-models");

function watched(value, path, unread) {
  if (value === null || typeof value !== "object") return value;
  const children = new Map();
  for (const key of Object.keys(value)) {
    if (!Array.isArray(value)) unread.add(`${path}/${key}`);
    children.set(key, watched(value[key], `${path}/${key}`, unread));
  }
  return new Proxy(value, {
    get(target, key) {
      if (!children.has(key)) return target[key];
      unread.delete(`${path}/${key}`);
      return children.get(key);
    },
  });
}

async function mistakes(manifest) {
  const [group, version] = manifest.apiVersion.includes("/") ? manifest.apiVersion.split("/") : ["", manifest.apiVersion];
  const file = join(models, group, version, `${manifest.kind}.js`);
  if (!existsSync(file)) return [`no such kind: ${manifest.apiVersion} ${manifest.kind}`];
  const text = readFileSync(file, "utf8");
  const schema = text.match(/from"([^"]*_schemas\/[^"]*)"/)[1];
  const { validate } = await import(new URL(schema, pathToFileURL(file)));
  const unread = new Set();
  const valid = validate(watched(manifest, "", unread), { instancePath: "" });
  const lines = valid ? [] : validate.errors.map((error) => `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  return lines.concat([...unread].map((path) => `${path}: unknown field`));
}

const manifests = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(manifests.map(mistakes))));
