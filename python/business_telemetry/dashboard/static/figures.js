// A funnel, and a card of one number.
import * as Format from "./format.js";
import * as Shape from "./shape.js";
import { FEW } from "./options.js";
import { chip } from "./cells.js";
import { make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

export const funnel = (chart, data) => {
  const values = chart.y.map((m) => (data.rows[0] || [])[Shape.at(data, m)] || 0);
  const share = (part, whole) => (whole ? Format.number(part / whole, { kind: "percent", precision: 1 }) : "–");
  const head = make("div", { class: "head", "aria-hidden": "true" }, make("span"), make("span"), make("span"),
    make("span", {}, "от шага"), make("span", {}, "от всех"));
  const steps = chart.y.map((m, i) => {
    const bar = make("span", { class: "bar" });
    bar.style.width = `${values[0] ? Math.max(0.5, (100 * values[i]) / values[0]) : 0}%`;
    return make("li", {},
      make("span", { class: "step", title: chart.fields[m].hint }, chart.fields[m].title),
      make("span", { class: "track" }, bar),
      make("b", {}, Format.number(values[i])),
      make("span", { class: "soft", title: "от предыдущего шага" }, i ? share(values[i], values[i - 1]) : ""),
      make("span", { class: "soft", title: "от первого шага" }, i ? share(values[i], values[0]) : ""));
  });
  return make("div", { class: "funnel" }, head, make("ol", {}, steps));
};

export const indicator = (chart, data) => {
  const m = chart.y[0];
  const field = chart.fields[m];
  const row = data.rows[0] || [];
  const value = row[Shape.at(data, m)];
  const sample = row[Shape.at(data, field.sample)];
  const few = sample !== undefined && sample !== null && sample < data.small;
  const large = Math.abs(value) >= 1e6 && field.format.kind !== "percent";
  const strong = make("strong", { title: Format.number(value, field.format), "data-value": value, class: few ? "few" : null },
    Format.number(value, field.format, large));
  return make("div", { class: "indicator" }, strong, data.spark ? spark(data.spark) : null,
    make("div", { class: "deltas" }, few ? `${FEW}: ${sample}` : against(chart, data, value, field)));
};

const against = (chart, data, value, field) => {
  if (!chart.compare || data.versus === undefined) return null;
  if (data.versus === null) return data.asked === "none" ? null : "сравнить не с чем: журнал короче";
  const change = data.versus.rows[0] && Format.change(value, data.versus.rows[0][0], field);
  const span = `${Format.day(data.versus.from)} – ${Format.day(data.versus.to)}`;
  const title = `${Format.number(data.versus.rows[0] && data.versus.rows[0][0], field.format)} за ${span}`;
  return change && make("span", { class: "versus", title }, chip(change, title), data.asked === "year" ? " к году назад" : " к прошлому");
};

// the measure over time, without axes
const spark = (rows) => {
  const values = rows.map((row) => row[1]);
  const known = values.filter((v) => v !== null);
  if (known.length < 2) return null;
  const [min, max] = [Math.min(...known), Math.max(...known)];
  const place = (v, i) => `${((100 * i) / (values.length - 1)).toFixed(1)},${(26 - (24 * (v - min)) / (max - min || 1)).toFixed(1)}`;
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "0 0 100 28"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", values.map((v, i) => (v === null ? null : place(v, i))).filter(Boolean).join(" "));
  svg.append(line);
  return svg;
};
