import assert from "node:assert/strict";
import { test } from "node:test";
import * as Shape from "../../python/business_telemetry/dashboard/static/shape.js";
import { wrap } from "../../python/business_telemetry/dashboard/static/wrap.js";

const field = (title, more = {}) => ({ title, labels: {}, order: [], format: { kind: "number" }, sample: null, ...more });
const chart = {
  x: ["period"], y: ["m"], y2: [], color: null, rows: [], columns: [], sort: null,
  fields: { period: field("Период", { type: "date", grain: "scale" }), m: field("Мера", { sample: "n" }), n: field("Штук"), city: field("Город", { order: ["Б", "А"] }) },
};
const data = { columns: ["period", "m", "n"], scale: "week", rows: [["2022-01-03", 1, 40], ["2022-01-17", 3, 5]] };

test("weeks and months without rows keep their place", () => {
  const cats = Shape.categories(chart, data, "period");
  assert.deepEqual(cats, ["2022-01-03", "2022-01-10", "2022-01-17"]);
  const [s] = Shape.series(chart, data, cats, ["m"]);
  assert.deepEqual(s.values, [1, null, 3]);
  assert.deepEqual(s.samples, [40, null, 5]);
  assert.deepEqual(Shape.withoutHoles("2022-01-01", "2022-03-01", "month"), ["2022-01-01", "2022-02-01", "2022-03-01"]);
});

test("the comparison period stands on its own days, also where one of the two periods has no rows", () => {
  const versus = { rows: [["2021-12-27", 7, 1], ["2022-01-10", 8, 1]] };
  const cats = Shape.categories(chart, { ...data, versus }, "period");
  assert.deepEqual(cats, ["2021-12-27", "2022-01-03", "2022-01-10", "2022-01-17"]);
  assert.deepEqual(Shape.versus(chart, { ...data, versus }, cats, "m"), [7, null, 8, null]);
  assert.deepEqual(Shape.series(chart, data, cats, ["m"])[0].values, [null, 1, null, 3]);
});

test("series by colour come in the order of the labels", () => {
  const coloured = { ...chart, x: ["period"], color: "city" };
  const rows = [["2022-01-03", "А", 1], ["2022-01-03", "Б", 2]];
  const found = Shape.series(coloured, { columns: ["period", "city", "m"], scale: "day", rows }, ["2022-01-03"], ["m"]);
  assert.deepEqual(found.map((s) => [s.name, s.values]), [["Б", [2]], ["А", [1]]]);
});

test("a pivot knows levels, columns and samples", () => {
  const pivot = { ...chart, rows: ["period", "city"], columns: [], y: ["m"] };
  const rows = [[null, null, 9, 9], ["2022-01-03", null, 4, 4], ["2022-01-03", "А", 4, 4]];
  const shaped = Shape.pivot(pivot, { columns: ["period", "city", "m", "n"], rows });
  assert.deepEqual(shaped.rows.map((row) => row.path), [[], ["2022-01-03"], ["2022-01-03", "А"]]);
  assert.deepEqual(shaped.rows[0].cells.get("[]"), [9, 9]);
});

test("one odd cell does not fade the others", () => {
  assert.deepEqual(Shape.range([...Array(20).keys(), 1e9]), [1, 19]);
});

test("long names stand in lines", () => {
  assert.equal(wrap("Товары для детей", 10), "Товары для\nдетей");
  assert.equal(wrap("Продовольственные товары", 11), "Продово-\nльственные\nтовары");
  assert.equal(wrap("0–6", 7), "0–6");
});
