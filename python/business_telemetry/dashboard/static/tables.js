// Tables, pivot tables, funnels and cards of one number, as DOM. All text goes in as text, never as HTML.
"use strict";
const Tables = (() => {
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  const PALETTES = {
    blue: [[59, 130, 246]],
    "red-orange-green": [[239, 68, 68], [245, 158, 11], [34, 197, 94]],
    "green-orange-red": [[34, 197, 94], [245, 158, 11], [239, 68, 68]],
  };
  // background of a value between min and max
  const heat = (palette, value, [min, max]) => {
    if (value === null || value === undefined || max <= min) return "";
    const t = Math.min(1, Math.max(0, (value - min) / (max - min)));
    const colors = PALETTES[palette];
    if (colors.length === 1) return `rgba(${colors[0].join(",")},${(0.04 + 0.6 * t).toFixed(3)})`;
    const i = Math.min(colors.length - 2, Math.floor(t * (colors.length - 1)));
    const f = t * (colors.length - 1) - i;
    const mixed = colors[i].map((c, k) => Math.round(c + (colors[i + 1][k] - c) * f));
    return `rgba(${mixed.join(",")},0.34)`;
  };
  // all but the outermost twentieths, so that one odd cell does not fade the others
  const range = (values) => {
    const found = values.filter((v) => typeof v === "number").sort((a, b) => a - b);
    const edge = Math.floor(found.length / 20);
    return [found[edge], found[found.length - 1 - edge]];
  };
  const largest = (values) => Math.max(...values.filter((v) => typeof v === "number"), 1e-9);

  const chip = (change, against) =>
    change && make("span", { class: `delta ${change.mood}`, title: against }, change.text);

  const table = (chart, data) => {
    const compare = chart.compare ? comparisons(chart, data) : [];
    const columns = [
      ...[...chart.x, ...chart.y].map((name) => ({ name, field: chart.fields[name], at: Shape.at(data, name), isMeasure: chart.y.includes(name) })),
      ...compare,
    ];
    const value = (column, row) => (column.of ? (column.of(row) || {}).delta : row[column.at]);
    const ranges = Object.fromEntries(columns.filter((c) => !c.of).map((c) => { const values = data.rows.map((r) => r[c.at]); return [c.name, Object.assign(range(values), { largest: largest(values) })]; }));
    const body = make("tbody");
    const fill = (rows) => body.replaceChildren(...rows.map((row) => make("tr", {}, ...columns.map((column) => cell(chart, column, row, ranges)))));
    let sorted = chart.sort ? { name: chart.sort.replace("-", ""), down: chart.sort.startsWith("-") } : null;
    const head = make("tr");
    const drawHead = () => head.replaceChildren(...columns.map((column) => {
      const mine = sorted && sorted.name === column.name;
      return make("th", { scope: "col", class: column.isMeasure || column.of ? "number" : "", "aria-sort": mine ? (sorted.down ? "descending" : "ascending") : null },
        make("button", { type: "button", onclick: () => {
          sorted = { name: column.name, down: mine ? !sorted.down : Boolean(column.isMeasure || column.of) };
          const order = (a, b) => {
            const [left, right] = [value(column, a), value(column, b)];
            if (left === null || left === undefined) return 1;
            if (right === null || right === undefined) return -1;
            return (sorted.down ? -1 : 1) * Shape.sorter(column.field)(left, right);
          };
          drawHead();
          fill([...data.rows].sort(order));
        } }, column.field.title, mine ? (sorted.down ? " ↓" : " ↑") : ""));
    }));
    drawHead();
    fill(chart.sort ? data.rows : [...data.rows].sort(byDimensions(chart, data)));
    return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": chart.title }, make("table", {}, make("thead", {}, head), body));
  };

  const cell = (chart, column, row, ranges) => {
    if (column.of) {
      const change = column.of(row);
      return make("td", { class: "number" }, change ? chip(change, column.field.title) : "–");
    }
    const raw = row[column.at];
    if (!column.isMeasure) {
      return make("td", {}, Format.label(raw, column.field, Shape.monthly(column.name, chart)));
    }
    const td = make("td", { class: "number" }, Format.number(raw, column.field.format));
    if (chart.heat[column.name]) td.style.background = heat(chart.heat[column.name], raw, ranges[column.name]);
    if (chart.bars.includes(column.name) && raw > 0) {
      const width = ((100 * raw) / ranges[column.name].largest).toFixed(1);
      td.style.background = `linear-gradient(to right, var(--bar) ${width}%, transparent ${width}%)`;
    }
    return td;
  };

  const byDimensions = (chart, data) => (a, b) => {
    for (const name of chart.x) {
      const order = Shape.sorter(chart.fields[name])(a[Shape.at(data, name)], b[Shape.at(data, name)]);
      if (order) return order;
    }
    return 0;
  };

  // the change of the first measure, against rows with the same dimensions
  const comparisons = (chart, data) => {
    const at = Shape.at(data, chart.y[0]);
    const key = (row) => JSON.stringify(chart.x.map((name) => row[Shape.at(data, name)]));
    return [["previous", "К прошлому"], ["year", "Год к году"]].filter(([name]) => data[name]).map(([name, title]) => {
      const before = new Map(data[name].map((row) => [key(row), row[at]]));
      return { name, field: { title }, of: (row) => Format.change(row[at], before.get(key(row)), chart.fields[chart.y[0]]) };
    });
  };

  const pivot = (chart, data) => {
    const shaped = Shape.pivot(chart, data);
    const expandable = chart.rows.length > 1;
    const leaves = shaped.rows.filter((row) => row.path.length === chart.rows.length);
    const ids = shaped.columns.map((column) => JSON.stringify(column));
    const ranges = chart.y.map((_, m) => range(leaves.flatMap((row) => ids.map((id) => (row.cells.get(id) || [])[m]))));
    const label = (name, value) => Format.label(value, chart.fields[name], Shape.monthly(name, chart));
    const single = chart.y.length === 1;
    const heads = shaped.columns.flatMap((column) => chart.y.map((m) => {
      const parts = column.map((value, i) => label(chart.columns[i], value));
      return [...parts, ...(single && parts.length ? [] : [chart.fields[m].title])].join(" · ");
    }));
    const corner = chart.rows.map((name) => chart.fields[name].title).join(" → ") + (chart.columns.length ? " \\ " + chart.columns.map((n) => chart.fields[n].title).join(" · ") : "");
    const body = make("tbody");
    const children = (row) => shaped.rows.filter((r) => r.path.length === row.path.length + 1 && row.path.every((v, i) => v === r.path[i]));
    const draw = (row) => {
      const depth = row.path.length;
      const text = depth ? label(chart.rows[depth - 1], row.path[depth - 1]) : "Итого";
      const line = make("tr", { class: depth ? `depth-${depth}` : "total", "data-depth": depth });
      const opens = expandable && depth > 0 && depth < chart.rows.length;
      const name = opens ? make("button", { type: "button", class: "expander", "aria-expanded": "false", onclick: () => toggle(line, row) }, text) : text;
      line.append(make("th", { scope: "row" }, name));
      for (const id of ids) {
        chart.y.forEach((m, i) => {
          const value = (row.cells.get(id) || [])[i];
          const td = make("td", { class: "number" }, value === undefined ? "" : Format.number(value, chart.fields[m].format));
          if (chart.heat[m] && depth) td.style.background = heat(chart.heat[m], value, ranges[i]);
          line.append(td);
        });
      }
      return line;
    };
    const toggle = (line, row) => {
      const button = line.querySelector(".expander");
      if (line.opened) line.opened.forEach((child) => child.remove());
      line.opened = line.opened ? null : children(row).map(draw);
      if (line.opened) line.after(...line.opened);
      button.setAttribute("aria-expanded", String(Boolean(line.opened)));
    };
    const top = shaped.rows.filter((row) => (expandable ? row.path.length === 1 : true));
    const total = expandable ? shaped.rows.filter((row) => row.path.length === 0) : [];
    body.append(...top.map(draw), ...total.map(draw));
    const head = make("tr", {}, make("th", { scope: "col" }, corner), ...heads.map((text) => make("th", { scope: "col", class: "number" }, text)));
    return make("div", { class: "scroll pivot", tabindex: 0, role: "region", "aria-label": chart.title }, make("table", {}, make("thead", {}, head), body));
  };

  const funnel = (chart, data) => {
    const values = chart.y.map((m) => (data.rows[0] || [])[Shape.at(data, m)] || 0);
    const share = (part, whole) => (whole ? Format.number(part / whole, { kind: "percent", precision: 1 }) : "–");
    return make("ol", { class: "funnel" }, make("li", { class: "head", "aria-hidden": "true" }, make("span"), make("span"), make("span"), make("span", { class: "soft" }, "от шага"), make("span", { class: "soft" }, "от всех")), ...chart.y.map((m, i) => {
      const bar = make("span", { class: "bar" });
      bar.style.width = `${values[0] ? Math.max(0.5, (100 * values[i]) / values[0]) : 0}%`;
      return make("li", {},
        make("span", { class: "step" }, chart.fields[m].title),
        make("span", { class: "track" }, bar),
        make("b", {}, Format.number(values[i])),
        make("span", { class: "soft", title: "от предыдущего шага" }, i ? share(values[i], values[i - 1]) : ""),
        make("span", { class: "soft", title: "от первого шага" }, i ? share(values[i], values[0]) : ""));
    }));
  };

  const indicator = (chart, data) => {
    const m = chart.y[0];
    const field = chart.fields[m];
    const value = (data.rows[0] || [])[0];
    const versus = (rows, text) => {
      const change = rows && rows[0] && Format.change(value, rows[0][0], field);
      return change && make("span", { class: "versus" }, chip(change, text), ` ${text}`);
    };
    const large = Math.abs(value) >= 1e6 && (!field.format || field.format.kind !== "percent");
    return make("div", { class: "indicator" },
      make("strong", { title: Format.number(value, field.format), "data-value": value }, Format.number(value, field.format, large)),
      data.spark ? spark(data.spark) : null,
      make("div", { class: "deltas" }, versus(data.previous, "к прошлому"), versus(data.year, "год к году"),
        chart.compare && !data.previous ? make("span", { class: "soft" }, "прошлый период вне журнала") : null));
  };

  // the measure over time, without axes
  const spark = (rows) => {
    const values = rows.map((row) => row[1]);
    const known = values.filter((v) => v !== null);
    if (known.length < 2) return null;
    const [min, max] = [Math.min(...known), Math.max(...known)];
    const points = values.map((v, i) => (v === null ? null : `${((100 * i) / (values.length - 1)).toFixed(1)},${(26 - (24 * (v - min)) / (max - min || 1)).toFixed(1)}`)).filter(Boolean);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 100 28");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", points.join(" "));
    svg.append(line);
    return svg;
  };

  return { make, table, pivot, funnel, indicator, heat };
})();
