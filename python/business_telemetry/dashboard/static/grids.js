// Charts without an axis of values: donut, heatmap, map, sankey.
import * as Format from "./format.js";
import * as Shape from "./shape.js";
import { base, legend, ramp, told, tooltip } from "./options.js";
import { safe } from "./dom.js";

export const donut = (chart, data, theme) => {
  const [x, m] = [Shape.at(data, chart.x[0]), Shape.at(data, chart.y[0])];
  const [field, measure] = [chart.fields[chart.x[0]], chart.fields[chart.y[0]]];
  const slices = data.rows.map((r) => ({ name: Format.label(r[x], field), value: r[m] }));
  return {
    ...base(theme), legend: { ...legend(theme, slices.map((s) => s.name)), orient: "vertical" },
    tooltip: tooltip(theme, { valueFormatter: (v) => Format.number(v, measure.format) }),
    series: [{ type: "pie", radius: ["45%", "72%"], label: { color: theme.text, formatter: "{d} %" }, data: slices }],
  };
};

export const heatmap = (chart, data, theme) => {
  const [row, column, m] = [chart.rows[0], chart.columns[0], chart.y[0]];
  const side = (name) => Shape.unique(data.rows.map((r) => r[Shape.at(data, name)])).sort(Shape.sorter(chart.fields[name]));
  const [ys, xs] = [side(row), side(column)];
  const field = chart.fields[m];
  const sample = Shape.at(data, field.sample);
  const cells = data.rows.map((r) => {
    const few = sample >= 0 && r[sample] < data.small;
    return {
      value: [xs.indexOf(r[Shape.at(data, column)]), ys.indexOf(r[Shape.at(data, row)]), r[Shape.at(data, m)], r[sample]],
      itemStyle: few ? { opacity: 0.25 } : undefined,
    };
  });
  const values = cells.map((c) => c.value[2]).filter((v) => v !== null);
  const axis = {
    type: "category", splitArea: { show: false }, axisTick: { show: false }, axisLine: { show: false },
    axisLabel: { color: theme.soft, hideOverlap: true },
  };
  const text = (p) => [
    `${safe(Format.label(ys[p.value[1]], chart.fields[row]))}, ${safe(Format.label(xs[p.value[0]], chart.fields[column]))}`,
    `${safe(field.title)}: <b>${safe(told(p.value[2], field, p.value[3], data.small))}</b>`,
  ].join("<br>");
  return {
    ...base(theme), grid: { left: 8, right: 8, top: 8, bottom: 40, containLabel: true },
    tooltip: tooltip(theme, { formatter: text }),
    xAxis: { ...axis, data: xs.map((v) => Format.label(v, chart.fields[column])) },
    yAxis: { ...axis, inverse: true, data: ys.map((v) => Format.label(v, chart.fields[row])) },
    visualMap: { ...ramp(theme, values, field.format), dimension: 2 },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: theme.card, borderWidth: 2 } }],
  };
};

export const map = (chart, data, theme) => {
  const names = [chart.x[0], chart.point, chart.y[0], chart.y[1] || chart.y[0]];
  const [city, point, size, shade] = names.map((name) => Shape.at(data, name));
  const placed = data.rows.filter((r) => r[point]).map((r) => {
    const [lat, lon] = JSON.parse(r[point]);
    return { name: Format.label(r[city]), value: [lon, lat, r[size], r[shade]] };
  });
  const biggest = Math.max(...placed.map((p) => p.value[2]), 1);
  const shades = [0, 1, ...placed.map((p) => p.value[3])];
  const text = (p) => names.slice(2).map((m, i) =>
    `${safe(chart.fields[m].title)}: <b>${safe(Format.number(p.value[2 + i], chart.fields[m].format))}</b>`).join("<br>");
  return {
    ...base(theme),
    tooltip: tooltip(theme, { formatter: (p) => (p.componentType === "series" ? `${safe(p.name)}<br>${text(p)}` : "") }),
    geo: {
      map: "russia", roam: true, scaleLimit: { min: 1, max: 12 }, aspectScale: 0.62, boundingCoords: [[24, 72], [140, 42]],
      top: 4, bottom: 40, left: 4, right: 4, silent: true, emphasis: { disabled: true }, select: { disabled: true },
      itemStyle: { areaColor: theme.land, borderColor: theme.border, borderWidth: 0.8 },
    },
    visualMap: { ...ramp({ ...theme, ramp: theme.ramp.slice(1) }, shades, chart.fields[names[3]].format), dimension: 3 },
    series: [{
      type: "scatter", coordinateSystem: "geo", data: placed,
      symbolSize: (v) => 6 + 34 * Math.sqrt(Math.max(v[2], 0) / biggest),
      itemStyle: { opacity: 0.85, borderColor: theme.card, borderWidth: 1 },
      label: {
        show: true, position: "right", color: theme.text, fontSize: 11, textBorderColor: theme.card, textBorderWidth: 2,
        formatter: (p) => (p.value[2] >= biggest * 0.12 ? p.name : ""),
      },
      labelLayout: { hideOverlap: true },
    }],
  };
};

export const sankey = (chart, data, theme) => {
  const [step, from, to] = chart.x.map((n) => Shape.at(data, n));
  const n = Shape.at(data, chart.y[0]);
  const field = chart.fields[chart.x[1]];
  const order = field.order;
  const nodes = new Map();
  const total = new Map();
  for (const r of data.rows) total.set(r[step], (total.get(r[step]) || 0) + r[n]);
  const node = (depth, action, value) => {
    const id = `${depth}:${action}`;
    const held = nodes.get(id) || { name: id, depth, itemStyle: { color: theme.series[order.indexOf(action) % theme.series.length] }, size: 0 };
    nodes.set(id, { ...held, size: held.size + value });
    return id;
  };
  const links = data.rows.map((r) => ({ source: node(r[step] - 1, r[from], r[n]), target: node(r[step], r[to], 0), value: r[n] }));
  for (const r of data.rows) { const id = `${r[step]}:${r[to]}`; nodes.get(id).into = (nodes.get(id).into || 0) + r[n]; }
  const largest = Math.max(...total.values(), 1);
  // a node thinner than its text has no room for it; the tooltip names it
  const labelled = [...nodes.values()].map(({ size, into, ...kept }) => ({
    ...kept,
    label: { show: Math.max(size, into || 0) > largest * (theme.width < 500 ? 0.14 : 0.05), formatter: Format.label(kept.name.split(":")[1], field) },
  }));
  const name = (id) => safe(Format.label(id.split(":")[1], field));
  return {
    ...base(theme),
    tooltip: tooltip(theme, {
      formatter: (p) => (p.dataType === "edge" ? `${name(p.data.source)} → ${name(p.data.target)}` : name(p.name)) + `: <b>${Format.number(p.value)}</b>`,
    }),
    series: [{
      type: "sankey", data: labelled, links, left: 4, right: 128, top: 8, bottom: 8, nodeGap: 6, nodeWidth: 12, draggable: false,
      layoutIterations: 0, lineStyle: { color: "gradient", opacity: 0.25 },
      label: { color: theme.text, fontSize: 11, textBorderColor: theme.card, textBorderWidth: 2, width: 116, overflow: "truncate" },
    }],
  };
};
