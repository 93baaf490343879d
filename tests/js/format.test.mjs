import assert from "node:assert/strict";
import { test } from "node:test";
import * as Format from "../../python/business_telemetry/dashboard/static/format.js";

const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");

test("numbers are Russian", () => {
  const cases = [
    [[1234567, { kind: "money" }], "1 234 567 ₽"],
    [[1234567, { kind: "money" }, true], "1,2 млн ₽"],
    [[12300, {}, true], "12,3 тыс."],
    [[5000000, {}, true], "5 млн"],
    [[-0.1234, { kind: "percent", precision: 1 }], "−12,3 %"],
    [[130, { kind: "duration" }], "2 мин 10 с"],
    [[90061, { kind: "duration" }], "1 дн 1 ч"],
    [[null], "–"],
    [[12.345], "12,3"],
    [[true], "да"],
    [["2022-03-01"], "1 мар 2022"],
  ];
  for (const [given, wanted] of cases) assert.equal(plain(Format.number(...given)), wanted);
});

test("money follows the log's currency", () => {
  Format.setCurrency("KZT");
  assert.match(Format.number(100, { kind: "money" }), /100.*₸/);
  Format.setCurrency("RUB");
});

test("dates are told by their grain, never by a name", () => {
  const date = { type: "date" };
  assert.equal(Format.label("2022-03-01", { ...date, grain: "month" }), "март 2022");
  assert.equal(Format.label("2022-03-01", { ...date, grain: "scale" }, "month"), "март 2022");
  assert.equal(Format.label("2022-03-01", { ...date, grain: "scale" }, "week"), "1 мар 2022");
  assert.equal(Format.label("2022-03-01", date), "1 мар 2022");
  assert.equal(Format.label(null), "Не определено");
  assert.equal(Format.label("Ж", { labels: { Ж: "Женщины" } }), "Женщины");
});

test("a change says how much and whether it is good", () => {
  assert.equal(plain(Format.change(90, 100, { better: "up" }).text), "▼ 10,0 %");
  assert.equal(Format.change(90, 100, { better: "down" }).mood, "good");
  assert.equal(plain(Format.change(0.2, 0.15, { format: { kind: "percent" } }).text), "▲ 5,0 п. п.");
  assert.equal(Format.change(5, 0, {}), null);
  assert.equal(Format.change(null, 1, {}), null);
});

test("an interval that reaches beyond 100 % on both sides of zero says nothing", () => {
  assert.ok(Format.isVague(-0.78, 6.14));
  assert.ok(!Format.isVague(0.1, 6.14));
  assert.ok(!Format.isVague(-0.3, 0.4));
});
