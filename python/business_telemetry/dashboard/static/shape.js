// From rows to what charts draw: categories, series, pivots. Pure functions on {columns, rows}.
"use strict";
const Shape = (() => {
  const at = (data, name) => data.columns.indexOf(name);
  const monthly = (name, chart, scale) =>
    name === "month" || name === "cohort" || (name === "period" && scale === "month");

  // by the order of labels, else as numbers or text
  const sorter = (field) => {
    const order = Object.keys((field && field.labels) || {});
    const rank = (value) => { const i = order.indexOf(String(value)); return i < 0 ? order.length : i; };
    return (a, b) => rank(a) - rank(b)
      || (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "ru", { numeric: true }));
  };

  const unique = (values) => [...new Set(values)];

  // values of the axis in the order to show; dates of one scale without holes
  const categories = (chart, data, name, scale) => {
    const found = unique(data.rows.map((row) => row[at(data, name)]));
    const field = chart.fields[name];
    if (chart.sort) return found;
    found.sort(sorter(field));
    if (field.type !== "date" || found.length < 2) return found;
    const step = monthly(name, chart, scale) ? "month" : name === "period" ? scale : null;
    return step ? withoutHoles(found[0], found[found.length - 1], step) : found;
  };

  const withoutHoles = (first, last, step) => {
    const dates = [];
    const date = new Date(first + "T00:00:00Z");
    while (dates.length < 5000) {
      const iso = date.toISOString().slice(0, 10);
      if (iso > last) break;
      dates.push(iso);
      if (step === "month") date.setUTCMonth(date.getUTCMonth() + 1);
      else date.setUTCDate(date.getUTCDate() + (step === "week" ? 7 : 1));
    }
    return dates;
  };

  // [{name, field, values}]: one series a colour, or one a measure
  const series = (chart, data, cats, measures) => {
    const x = at(data, chart.x[0]);
    const index = new Map(cats.map((value, i) => [value, i]));
    const fill = (rows, column) => {
      const values = cats.map(() => null);
      for (const row of rows) values[index.get(row[x])] = row[column];
      return values;
    };
    if (!chart.color) {
      return measures.map((m) => ({ key: m, name: chart.fields[m].title, field: chart.fields[m], values: fill(data.rows, at(data, m)) }));
    }
    const c = at(data, chart.color);
    const field = chart.fields[chart.color];
    return unique(data.rows.map((row) => row[c])).sort(sorter(field)).map((value) => ({
      key: String(value),
      name: Format.label(value, field),
      field: chart.fields[measures[0]],
      values: fill(data.rows.filter((row) => row[c] === value), at(data, measures[0])),
    }));
  };

  // {columns: [[value...]], rows: [{path, cells}]} where cells are measures by column key
  const pivot = (chart, data) => {
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
    for (const row of data.rows) {
      const column = key(row, chart.columns);
      columns.set(JSON.stringify(column), column);
      let path = key(row, chart.rows);
      if (expandable) path = path.filter((value) => value !== null);
      const id = JSON.stringify(path);
      if (!rows.has(id)) rows.set(id, { path, cells: new Map() });
      rows.get(id).cells.set(JSON.stringify(column), chart.y.map((m) => row[at(data, m)]));
    }
    return {
      columns: [...columns.values()].sort(byField(chart.columns)),
      rows: [...rows.values()].sort((a, b) => byField(chart.rows)(a.path, b.path)),
    };
  };

  return { at, monthly, sorter, unique, categories, series, pivot };
})();
