// Cells of tables: a value, what stands behind it, its interval, its change.
import * as Format from "./format.js";
import * as Shape from "./shape.js";
import { FEW } from "./options.js";
import { heat } from "./theme.js";
import { make } from "./dom.js";

export const chip = (change, against) =>
  change && make("span", { class: `delta ${change.mood}`, title: against }, change.text);

// a measure of a row; `get` reads another measure of the same row
export const measureCell = (chart, name, value, get, ranges, small) => {
  const field = chart.fields[name];
  const sample = field.sample ? get(field.sample) : null;
  const few = sample !== null && sample !== undefined && sample < small && value !== null;
  const td = make("td", { class: few ? "number few" : "number", title: few ? `${FEW}: ${Format.number(sample)}` : null },
    ...written(field, value, get));
  if (few) td.append(make("span", { class: "sr" }, `, ${FEW}`));
  else decorate(td, chart, name, value, ranges);
  return td;
};

const written = (field, value, get) => {
  if (!field.interval || value === null) return [Format.number(value, field.format)];
  const [lower, upper] = field.interval.map(get);
  if (lower === null || lower === undefined) return [Format.number(value, field.format)];
  if (Format.isVague(lower, upper)) return [make("span", { class: "soft" }, "не отличить от нуля")];
  const ends = [lower, upper].map((end) => Format.number(end, field.format));
  return [Format.number(value, field.format), make("span", { class: "soft" }, ` (${ends[0]} … ${ends[1]})`)];
};

const decorate = (td, chart, name, value, ranges) => {
  if (chart.heat[name]) td.style.background = heat(chart.heat[name], value, ranges[name].span);
  if (chart.bars.includes(name) && value > 0) {
    const width = ((100 * value) / ranges[name].largest).toFixed(1);
    td.style.background = `linear-gradient(to right, var(--bar) ${width}%, transparent ${width}%)`;
  }
};

export const rangesOf = (names, rows, read) => Object.fromEntries(names.map((name) => {
  const values = rows.map((row) => read(row, name));
  const known = values.filter((v) => typeof v === "number");
  return [name, { span: Shape.range(values), largest: Math.max(...known, 1e-9) }];
}));
