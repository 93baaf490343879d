// From rows to what charts draw: categories, series, pivots. Pure functions on {columns, rows}.
import { grain, label } from "./format.js";

export const at = (data, name) => data.columns.indexOf(name);

// by the order of labels, else as numbers or text; what is unknown comes last
export const sorter = (field) => {
  const order = (field && field.order) || [];
  const rank = (value) => { const i = order.indexOf(String(value)); return i < 0 ? order.length : i; };
  return (a, b) => rank(a) - rank(b)
    || (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "ru", { numeric: true }));
};

export const unique = (values) => [...new Set(values)];

// values of the axis in the order to show; dates of one grain without holes, with those that only the other period or a mark has
export const categories = (chart, data, name) => {
  const rows = [...data.rows, ...(chart.fields[name].type === "date" && data.versus ? data.versus.rows : [])];
  const found = unique([...rows.map((row) => row[at(data, name)]), ...(data.marks || []).map((mark) => mark.at)]);
  const field = chart.fields[name];
  if (chart.sort) return found;
  found.sort(sorter(field));
  if (field.type !== "date" || found.length < 2 || !field.grain) return found;
  return withoutHoles(found[0], found[found.length - 1], grain(field, data.scale));
};

export const withoutHoles = (first, last, step) => {
  const found = [];
  const date = new Date(first + "T00:00:00Z");
  while (found.length < 5000) {
    const iso = date.toISOString().slice(0, 10);
    if (iso > last) break;
    found.push(iso);
    if (step === "month") date.setUTCMonth(date.getUTCMonth() + 1);
    else date.setUTCDate(date.getUTCDate() + (step === "week" ? 7 : 1));
  }
  return found;
};

// [{key, name, field, values, samples}]: one series a colour, or one a measure
export const series = (chart, data, cats, measures) => {
  const x = at(data, chart.x[0]);
  const index = new Map(cats.map((value, i) => [value, i]));
  const fill = (rows, column) => {
    const values = cats.map(() => null);
    if (column >= 0) for (const row of rows) values[index.get(row[x])] = row[column];
    return values;
  };
  const one = (key, name, measure, rows) => ({
    key, name, field: chart.fields[measure],
    values: fill(rows, at(data, measure)), samples: fill(rows, at(data, chart.fields[measure].sample)),
  });
  if (!chart.color) return measures.map((m) => one(m, chart.fields[m].title, m, data.rows));
  const c = at(data, chart.color);
  const field = chart.fields[chart.color];
  return unique(data.rows.map((row) => row[c])).sort(sorter(field)).map((value) =>
    one(String(value), label(value, field), measures[0], data.rows.filter((row) => row[c] === value)));
};

// the comparison period, whose rows stand on the days of this one
export const versus = (chart, data, cats, measure) =>
  series({ ...chart, color: null }, { columns: data.columns, rows: data.versus.rows }, cats, [measure])[0].values;

// {columns: [[value...]], rows: [{path, cells}]} where cells are measures by column key
export const pivot = (chart, data) => {
  const expandable = chart.rows.length > 1;
  const key = (row, names) => names.map((name) => row[at(data, name)]);
  const byField = (names) => (a, b) => {
    for (let i = 0; i < names.length; i++) {
      if (a[i] === undefined || b[i] === undefined) return a.length - b.length;
      const order = sorter(chart.fields[names[i]])(a[i], b[i]);
      if (order) return order;
    }
    return 0;
  };
  const columns = new Map();
  const rows = new Map();
  const names = [...chart.y, ...chart.y.map((m) => chart.fields[m].sample)];
  for (const row of data.rows) {
    const column = key(row, chart.columns);
    columns.set(JSON.stringify(column), column);
    let path = key(row, chart.rows);
    if (expandable) path = path.filter((value) => value !== null);
    const id = JSON.stringify(path);
    if (!rows.has(id)) rows.set(id, { path, cells: new Map() });
    rows.get(id).cells.set(JSON.stringify(column), names.map((m) => row[at(data, m)]));
  }
  return {
    columns: [...columns.values()].sort(byField(chart.columns)),
    rows: [...rows.values()].sort((a, b) => byField(chart.rows)(a.path, b.path)),
  };
};

// all but the outermost twentieths, so that one odd cell does not fade the others
export const range = (values) => {
  const found = values.filter((v) => typeof v === "number").sort((a, b) => a - b);
  const edge = Math.floor(found.length / 20);
  return [found[edge], found[found.length - 1 - edge]];
};
