// A small linter without dependencies: what modules import exists and is used, and nothing writes HTML or runs text.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const HOME = new URL("../../python/business_telemetry/dashboard/static/", import.meta.url);
const MODULES = readdirSync(HOME).filter((name) => name.endsWith(".js"));
const IMPORT = /^import (?:\* as (\w+)|\{([^}]*)\}) from "\.\/([\w.]+)";$/gm;
const EXPORT = /^export (?:const|class) (\w+)/gm;
const read = (name) => readFileSync(new URL(name, HOME), "utf8");
const code = (text) => text.replace(/^\s*\/\/.*$/gm, "");
const exported = (name) => [...read(name).matchAll(EXPORT)].map((match) => match[1]);

for (const name of MODULES) {
  const text = code(read(name));
  test(`${name}: imports exist and are used`, () => {
    const rest = text.replace(IMPORT, "");
    for (const [, whole, names, from] of text.matchAll(IMPORT)) {
      assert.ok(MODULES.includes(from), from);
      const used = whole ? [whole] : names.split(",").map((part) => part.trim());
      for (const one of used) assert.match(rest, new RegExp(`\\b${one}\\b`), `${one} is not used`);
      if (!whole) for (const one of used) assert.ok(exported(from).includes(one), `${from} has no ${one}`);
      if (whole) {
        for (const [, member] of rest.matchAll(new RegExp(`\\b${whole}\\.(\\w+)`, "g"))) assert.ok(exported(from).includes(member), `${from} has no ${member}`);
      }
    }
  });
  test(`${name}: nothing dangerous, nothing old`, () => {
    for (const bad of [/\binnerHTML\b/, /\bouterHTML\b/, /insertAdjacentHTML/, /document\.write/, /\beval\(/, /new Function/, /\bvar /, /[^=!]==[^=]/, /\bdebugger\b/, /console\./]) {
      assert.doesNotMatch(text, bad);
    }
  });
  test(`${name}: what stands on the top level is used or exported`, () => {
    for (const [, one] of text.matchAll(/^(?:const|let|class) (\w+)/gm)) {
      assert.ok([...text.matchAll(new RegExp(`\\b${one}\\b`, "g"))].length > 1, `${one} is not used`);
    }
  });
  test(`${name}: exports are used somewhere`, () => {
    const others = MODULES.filter((other) => other !== name).map(read).join("\n");
    for (const one of exported(name)) assert.ok(new RegExp(`\\b${one}\\b`).test(others) || text.match(new RegExp(`\\b${one}\\b`, "g")).length > 1, `${one} is not used`);
  });
}
