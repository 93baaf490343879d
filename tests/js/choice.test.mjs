import assert from "node:assert/strict";
import { test } from "node:test";
import * as Choice from "../../python/business_telemetry/dashboard/static/choice.js";

const dashboard = {
  tabs: [{ id: "sales" }, { id: "anomalies" }],
  period: { from: "2022-01-01", to: "2022-12-31" },
  versus: [["previous", "прошлый"], ["year", "год"], ["none", "нет"]],
  selectors: [
    { id: "f_city", title: "Город", multi: true, tabs: [], default: null, options: [["Москва", "Москва"], ["Омск", "Омск"]] },
    { id: "f_metric", title: "Показатель", multi: false, tabs: ["anomalies"], default: "revenue", options: [["revenue", "Выручка"], ["orders", "Заказы"]] },
  ],
};

test("an address without anything is the default", () => {
  assert.deepEqual(Choice.read(dashboard, ""), {
    tab: "sales", from: "2022-01-01", to: "2022-12-31", vs: "previous", event: null, f_city: [], f_metric: ["revenue"],
  });
});

test("a choice survives the address, and what is unknown does not", () => {
  const choice = { ...Choice.read(dashboard, ""), tab: "anomalies", vs: "none", event: "a/b/c/2022-01-01", f_city: ["Омск", "Москва"] };
  assert.deepEqual(Choice.read(dashboard, Choice.write(choice)), choice);
  assert.deepEqual(Choice.read(dashboard, "#tab=nowhere&vs=never&f_city=Рим").f_city, []);
  assert.equal(Choice.read(dashboard, "#tab=nowhere&vs=never").vs, "previous");
});

test("a chart is asked only for what its tab has", () => {
  const choice = { ...Choice.read(dashboard, ""), f_city: ["Омск"] };
  const asked = new URLSearchParams(Choice.query(dashboard, choice));
  assert.deepEqual([...asked.keys()], ["from", "to", "vs", "f_city"]);
  assert.equal(new URLSearchParams(Choice.query(dashboard, { ...choice, tab: "anomalies" })).get("f_metric"), "revenue");
});

test("a press changes what it names, and nothing unknown", () => {
  const choice = Choice.read(dashboard, "");
  const next = Choice.merged(dashboard, choice, { tab: "anomalies", event: "x", f_metric: ["orders"], f_city: ["Рим"], evil: 1 });
  assert.deepEqual([next.tab, next.event, next.f_metric, next.f_city, next.evil], ["anomalies", "x", ["orders"], [], undefined]);
});

test("chips name what is chosen; reset keeps the tab", () => {
  const choice = { ...Choice.read(dashboard, "#tab=anomalies"), f_city: ["Омск"], vs: "year" };
  assert.deepEqual(Choice.chips(dashboard, choice), [{ id: "f_city", value: "Омск", text: "Город: Омск" }]);
  assert.deepEqual(Choice.cleared(dashboard, choice), { ...Choice.read(dashboard, ""), tab: "anomalies" });
});
