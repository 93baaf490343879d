// Plain tables, sorted by any column, and pivot tables whose rows may open.
import * as Format from "./format.js";
import * as Shape from "./shape.js";
import { chip, measureCell, rangesOf } from "./cells.js";
import { FEW } from "./options.js";
import { heat } from "./theme.js";
import { make } from "./dom.js";

const scroll = (chart, kind, ...content) =>
  make("div", { class: `scroll ${kind}`, tabindex: 0, role: "region", "aria-label": chart.title }, make("table", {}, ...content));

export const table = (chart, data) => {
  const read = (row, name) => row[Shape.at(data, name)];
  const columns = [
    ...[...chart.x, ...chart.y].map((name) => ({ name, field: chart.fields[name], isMeasure: chart.y.includes(name) })),
    ...comparison(chart, data),
  ];
  const value = (column, row) => (column.of ? (column.of(row) || {}).delta : read(row, column.name));
  const ranges = rangesOf(chart.y, data.rows, read);
  const cell = (column, row) => {
    if (column.of) return make("td", { class: "number" }, chip(column.of(row), column.field.title) || "–");
    if (!column.isMeasure) return make("td", { class: column.field.type === "string" ? "text" : "" }, Format.label(read(row, column.name), column.field, data.scale));
    return measureCell(chart, column.name, read(row, column.name), (name) => read(row, name), ranges, data.small);
  };
  const body = make("tbody");
  const fill = (rows) => body.replaceChildren(...rows.map((row) => make("tr", {}, columns.map((column) => cell(column, row)))));
  let sorted = chart.sort ? { name: chart.sort.replace("-", ""), down: chart.sort.startsWith("-") } : null;
  const sortBy = (column, mine) => {
    sorted = { name: column.name, down: mine ? !sorted.down : Boolean(column.isMeasure || column.of) };
    const order = (a, b) => {
      const [left, right] = [value(column, a), value(column, b)];
      if (left === null || left === undefined) return 1;
      if (right === null || right === undefined) return -1;
      return (sorted.down ? -1 : 1) * Shape.sorter(column.field)(left, right);
    };
    drawHead(column.name);
    fill([...data.rows].sort(order));
  };
  const head = make("tr");
  const drawHead = (focused) => {
    head.replaceChildren(...columns.map((column) => {
      const mine = sorted && sorted.name === column.name;
      const sort = mine ? (sorted.down ? "descending" : "ascending") : null;
      const number = column.isMeasure || column.of ? "number" : "";
      return make("th", { scope: "col", class: number, "aria-sort": sort, title: column.field.hint },
        make("button", { type: "button", "data-column": column.name, onclick: () => sortBy(column, mine) },
          column.field.title, mine ? (sorted.down ? " ↓" : " ↑") : ""));
    }));
    if (focused) head.querySelector(`[data-column="${focused}"]`).focus();
  };
  drawHead();
  fill(chart.sort ? data.rows : [...data.rows].sort(byDimensions(chart, data)));
  return scroll(chart, "", make("thead", {}, head), body);
};

const byDimensions = (chart, data) => (a, b) => {
  for (const name of chart.x) {
    const order = Shape.sorter(chart.fields[name])(a[Shape.at(data, name)], b[Shape.at(data, name)]);
    if (order) return order;
  }
  return 0;
};

// the change of the first measure, against the row with the same dimensions
const comparison = (chart, data) => {
  if (!data.versus) return [];
  const at = Shape.at(data, chart.y[0]);
  const key = (row) => JSON.stringify(chart.x.map((name) => row[Shape.at(data, name)]));
  const before = new Map(data.versus.rows.map((row) => [key(row), row[at]]));
  const field = { title: "Изменение", hint: `${chart.fields[chart.y[0]].title} против ${Format.day(data.versus.from)} – ${Format.day(data.versus.to)}` };
  return [{ name: "change", field, of: (row) => Format.change(row[at], before.get(key(row)), chart.fields[chart.y[0]]) }];
};

export const pivot = (chart, data) => {
  const shaped = Shape.pivot(chart, data);
  const expandable = chart.rows.length > 1;
  const ids = shaped.columns.map((column) => JSON.stringify(column));
  const inner = shaped.rows.filter((row) => !expandable || row.path.length === chart.rows.length);
  const cells = inner.flatMap((row) => [...row.cells.values()]);
  const ranges = chart.y.map((_, i) => Shape.range(cells.map((cell) => cell[i])));
  const title = (name, value) => Format.label(value, chart.fields[name], data.scale);
  const whole = (text) => text.replace(/–/g, "\u2060–\u2060"); // no break inside 18–24
  const heads = shaped.columns.map((column) => column.map((value, i) => whole(title(chart.columns[i], value))).join(" "));
  const body = make("tbody");
  const children = (row) => shaped.rows.filter((other) =>
    other.path.length === row.path.length + 1 && row.path.every((value, i) => other.path[i] === value));
  const draw = (row) => {
    const depth = row.path.length;
    const name = depth ? title(chart.rows[depth - 1], row.path[depth - 1]) : "Всего";
    const line = make("tr", { class: expandable ? `depth-${depth}${depth ? "" : " total"}` : "" });
    const opens = expandable && depth && depth < chart.rows.length;
    const button = make("button", { type: "button", class: "expander", "aria-expanded": "false", onclick: () => toggle(line, row) }, name);
    line.append(make("th", { scope: "row" }, opens ? button : name));
    for (const id of ids) {
      const cell = row.cells.get(id) || [];
      chart.y.forEach((m, i) => {
        const sample = cell[chart.y.length + i];
        const few = sample !== undefined && sample !== null && sample < data.small && cell[i] !== null;
        const td = make("td", { class: few ? "number few" : "number", title: few ? `${FEW}: ${sample}` : null },
          cell.length ? Format.number(cell[i], chart.fields[m].format) : "");
        if (few) td.append(make("span", { class: "sr" }, `, ${FEW}: ${sample}`));
        if (chart.heat[m] && depth && !few) td.style.background = heat(chart.heat[m], cell[i], ranges[i]);
        line.append(td);
      });
    }
    return line;
  };
  const toggle = (line, row) => {
    if (line.opened) line.opened.forEach((child) => child.remove());
    line.opened = line.opened ? null : children(row).map(draw);
    if (line.opened) line.after(...line.opened);
    line.querySelector(".expander").setAttribute("aria-expanded", String(Boolean(line.opened)));
  };
  const top = shaped.rows.filter((row) => !expandable || row.path.length === 1);
  const total = expandable ? shaped.rows.filter((row) => !row.path.length) : [];
  body.append(...top.map(draw), ...total.map(draw));
  const corner = make("th", { scope: "col" }, chart.rows.map((name) => chart.fields[name].title).join(" → "));
  const measures = chart.y.length > 1 || !shaped.columns[0].length;
  const columns = shaped.columns.flatMap((_, i) => chart.y.map((m) => {
    const text = measures ? [heads[i], chart.fields[m].title].filter(Boolean).join(" ") : heads[i];
    return make("th", { scope: "col", class: "number", title: chart.fields[m].hint }, text);
  }));
  return scroll(chart, "pivot", make("thead", {}, make("tr", {}, corner, columns)), body);
};
