import assert from "node:assert/strict";
import { test } from "node:test";
import { cartesian } from "../../python/business_telemetry/dashboard/static/cartesian.js";
import { heatmap, sankey } from "../../python/business_telemetry/dashboard/static/grids.js";

const theme = { series: ["#111", "#222"], ramp: ["#000", "#fff"], font: "x", text: "t", soft: "s", line: "l", card: "c", band: "b", alarm: "a", width: 700 };
const field = (title, more = {}) => ({ title, labels: {}, order: [], type: "string", format: { kind: "number", precision: 0 }, sample: null, ...more });
const line = {
  type: "line", x: ["period"], y: ["m"], y2: [], color: null, band: null, flag: null, stacked: false, sort: null,
  fields: { period: field("Период", { type: "date", grain: "scale" }), m: field("Выручка") },
};
const data = { columns: ["period", "m"], scale: "day", small: 30, rows: [["2022-01-01", 1], ["2022-01-02", 2], ["2022-01-03", 3]] };
const names = (option) => option.series.map((s) => s.name);

test("the comparison period is a second, thin line of the same colour", () => {
  const option = cartesian(line, { ...data, versus: { rows: [["2022-01-01", 9]], from: "2021-01-01", to: "2021-01-03" } }, theme);
  const [now, then] = option.series;
  assert.deepEqual(names(option), ["Выручка", "Было"]);
  assert.deepEqual(then.data, [9, null, null]);
  assert.equal(then.color, now.color);
  assert.ok(then.lineStyle.width < now.lineStyle.width);
});

test("anomalies are marks that lead to their incident", () => {
  const marks = [{ at: "2022-01-02", text: "2 янв: всплеск", choice: { tab: "anomalies", event: "e" } }];
  const found = cartesian(line, { ...data, marks }, theme).series.at(-1);
  assert.deepEqual(found.data, [{ value: [1, 2], note: "2 янв: всплеск", choice: { tab: "anomalies", event: "e" } }]);
});

test("an anomaly of a day without rows stands on the axis, also on the first and the last day", () => {
  const outage = { text: "1 янв: провал", choice: { event: "e" } };
  const rows = [["2022-01-02", 5], ["2022-01-04", 7]];
  const marks = ["2022-01-01", "2022-01-03", "2022-01-05"].map((at) => ({ ...outage, at }));
  const option = cartesian(line, { ...data, rows, marks }, theme);
  assert.equal(option.xAxis.data.length, 5);
  assert.deepEqual(option.series[0].data, [null, 5, null, 7, null]);
  assert.deepEqual(option.series.at(-1).data.map((point) => point.value), [[0, 0], [2, 0], [4, 0]]);
});

test("weeks of the comparison that are cut stand apart from its line too", () => {
  const versus = { rows: [["2022-01-01", 4], ["2022-01-02", 5], ["2022-01-03", 6]], partial: ["2022-01-01"], from: "2021-01-01", to: "2021-01-03" };
  const option = cartesian(line, { ...data, versus }, theme);
  const before = option.series.filter((s) => s.name === "Было");
  assert.deepEqual(before.map((s) => [s.type, s.data]), [["line", [null, 5, 6]], ["scatter", [{ value: [0, 4] }]]]);
});

test("a period that is cut stands apart from the line", () => {
  const [drawn, apart] = cartesian(line, { ...data, partial: ["2022-01-03"] }, theme).series;
  assert.deepEqual(drawn.data, [1, 2, null]);
  assert.deepEqual(apart.data, [{ value: [2, 3] }]);
});

test("tooltips say what stands behind a small share and escape texts", () => {
  const chart = { ...line, fields: { ...line.fields, m: field("<b>Доля</b>", { sample: "n", format: { kind: "percent", precision: 0 } }) } };
  const option = cartesian(chart, { ...data, columns: ["period", "m", "n"], rows: [["2022-01-01", 0.5, 4]] }, theme);
  const text = option.tooltip.formatter([{ seriesName: "<b>Доля</b>", dataIndex: 0, value: 0.5, marker: "", axisValueLabel: "1 янв" }]);
  assert.match(text, /&lt;b&gt;Доля/);
  assert.match(text, /мало данных: 4/);
});

test("cells with few behind them are pale", () => {
  const chart = { type: "heatmap", rows: ["day"], columns: ["hour"], y: ["m"], fields: { day: field("День"), hour: field("Час"), m: field("Доля", { sample: "n" }) } };
  const option = heatmap(chart, { columns: ["day", "hour", "m", "n"], small: 30, rows: [["a", 1, 0.5, 3], ["a", 2, 0.5, 90]] }, theme);
  assert.deepEqual(option.series[0].data.map((cell) => Boolean(cell.itemStyle)), [true, false]);
});

test("a path names its steps by labels", () => {
  const actions = field("Откуда", { labels: { cart: "Корзина", exit: "Уход" }, order: ["cart", "exit"] });
  const chart = { type: "sankey", x: ["step", "a", "b"], y: ["n"], fields: { step: field("Шаг"), a: actions, b: actions, n: field("Переходы") } };
  const option = sankey(chart, { columns: ["step", "a", "b", "n"], rows: [[1, "cart", "exit", 5]] }, theme);
  assert.deepEqual(option.series[0].data.map((node) => node.label.formatter), ["Корзина", "Уход"]);
  assert.deepEqual(option.series[0].links, [{ source: "0:cart", target: "1:exit", value: 5 }]);
});
