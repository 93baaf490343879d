import assert from "node:assert/strict";
import { test } from "node:test";
import * as Choice from "../../python/business_telemetry/dashboard/static/choice.js";

const dashboard = {
  tabs: [{ id: "sales" }, { id: "anomalies" }],
  period: { from: "2022-01-01", to: "2022-12-31" },
  versus: [["previous", "прошлый"], ["year", "год"], ["none", "нет"]],
  selectors: [
    { id: "f_city", title: "Город", multi: true, tabs: [], default: null, options: [["Москва", "Москва"], ["Омск", "Омск"]] },
    { id: "f_series", title: "Разрез", multi: false, tabs: ["anomalies"], default: "Все", options: [["Все", "Все"], ["Город: Омск", "Город: Омск"]] },
    { id: "f_metric", title: "Показатель", multi: false, tabs: ["anomalies"], default: "revenue", options: [["revenue", "Выручка"], ["orders", "Заказы"]] },
  ],
};

test("an address without anything is the default", () => {
  assert.deepEqual(Choice.read(dashboard, ""), {
    tab: "sales", from: "2022-01-01", to: "2022-12-31", vs: "previous", event: null, f_city: [], f_series: ["Все"], f_metric: ["revenue"],
  });
});

test("a choice survives the address, and what is unknown does not", () => {
  const choice = { ...Choice.read(dashboard, ""), tab: "anomalies", vs: "none", event: "a/b/c/2022-01-01", f_series: ["Город: Омск"], f_city: ["Омск", "Москва"] };
  assert.deepEqual(Choice.read(dashboard, Choice.write(dashboard, choice)), choice);
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

test("an incident outside the period widens it", () => {
  const read = (event) => { const { from, to } = Choice.read(dashboard, `#event=${encodeURIComponent(event)}`); return [from, to]; };
  assert.deepEqual(read("orders/all/Все/2021-06-20"), ["2021-06-20", "2022-12-31"]);
  assert.deepEqual(read("orders/city/Н/Д/2023-02-01"), ["2022-01-01", "2023-02-01"]);
  assert.deepEqual(read("orders/all/Все/2022-06-20"), ["2022-01-01", "2022-12-31"]);
  assert.deepEqual(read("nonsense"), ["2022-01-01", "2022-12-31"]);
});

const one = (metric, series = "Все", members = []) => ({ key: `${metric}/${series}`, choice: { event: "", f_metric: [metric], f_series: [series] }, members });
const incidents = [one("revenue", "Все", [one("orders")]), one("orders", "Город: Омск")];

test("the list shows its first incident unless the address names a series", () => {
  const shown = (hash) => Choice.shownEvent(incidents, Choice.read(dashboard, hash), Choice.namesSeries(hash));
  assert.equal(shown("").key, "revenue/Все");
  assert.equal(shown("#f_metric=orders").key, "orders/Все");
  assert.equal(shown(`#f_metric=orders&f_series=${encodeURIComponent("Город: Омск")}`).key, "orders/Город: Омск");
  assert.equal(shown(`#f_series=${encodeURIComponent("Город: Омск")}`), undefined);
  assert.equal(shown("#f_metric=revenue&event=orders/Все").key, "orders/Все");
  assert.equal(Choice.shownEvent([], Choice.read(dashboard, ""), false), undefined);
});

test("sentences speak of the whole shop: their links forget what was chosen", () => {
  const choice = { ...Choice.read(dashboard, "#vs=year&f_metric=orders"), f_city: ["Омск"] };
  const next = Choice.told(dashboard, choice, { tab: "anomalies", from: "2022-02-01" });
  assert.deepEqual(next, { ...Choice.read(dashboard, "#tab=anomalies&from=2022-02-01") });
  assert.ok(!Choice.isClear(dashboard, choice) && Choice.isClear(dashboard, Choice.cleared(dashboard, choice)));
});
