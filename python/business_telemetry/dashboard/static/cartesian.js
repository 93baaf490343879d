// Lines, areas, columns and bars.
import * as Format from "./format.js";
import * as Shape from "./shape.js";
import { base, legend, told, tooltip, valueAxis } from "./options.js";
import { wrap } from "./wrap.js";
import { safe } from "./dom.js";

const KINDS = { line: "line", area: "line", column: "bar", bar: "bar" };
const LEGEND_OF_MARKS = "Аномалия";

export const cartesian = (chart, data, theme) => {
  const xField = chart.fields[chart.x[0]];
  const cats = Shape.categories(chart, data, chart.x[0]);
  const names = cats.map((value) => Format.label(value, xField, data.scale));
  const few = cats.length <= 40;
  const left = Shape.series(chart, data, cats, chart.y);
  const right = chart.y2.length ? Shape.series({ ...chart, color: null }, data, cats, chart.y2) : [];
  const drawn = [
    ...left.map((s, i) => ({ ...one(chart, s, theme.series[i % theme.series.length], few, xField) })),
    ...right.map((s, i) => ({
      ...one({ ...chart, type: "line", stacked: false }, s, theme.series[(left.length + i) % theme.series.length], few, xField),
      yAxisIndex: 1, lineStyle: { width: 2, type: "dashed" },
    })),
  ];
  const shown = drawn.map((s) => s.name);
  const before = then(chart, data, cats, left, theme);
  shown.push(...before);
  drawn.push(...unfinished(chart, data.partial, cats, drawn, theme));
  drawn.push(...before, ...(before.length ? unfinished(chart, data.versus.partial, cats, before, theme) : []));
  if (chart.band) drawn.unshift(...band(chart, data, cats, theme));
  if (chart.flag) drawn.push(flags(chart, data, cats, left[0], theme, shown));
  if (data.marks && data.marks.length) drawn.push(marks(data, cats, left[0], theme, shown));
  if (data.focus && drawn.length) drawn[drawn.length - 1].markArea = focus(data, cats, names, theme);
  const horizontal = chart.type === "bar";
  const category = categoryAxis(names, xField, theme, horizontal);
  const values = [valueAxis(theme, left[0] ? left[0].field : {})];
  if (right.length) values.push(valueAxis(theme, right[0].field, { splitLine: { show: false }, min: 0, max: wholeAtMost(right[0]) }));
  return {
    ...base(theme), legend: legend(theme, shown),
    grid: { ...base(theme).grid, top: shown.length > 1 ? 36 : 14, left: horizontal ? 22 : 8, right: right.length ? 12 : 34 },
    tooltip: tooltip(theme, {
      trigger: "axis", axisPointer: { type: KINDS[chart.type] === "bar" ? "shadow" : "line" },
      formatter: (items) => tip(items, [...left, ...right], { ...data, cats }),
    }),
    xAxis: horizontal ? values[0] : category, yAxis: horizontal ? category : values, series: drawn,
  };
};

// a share that reaches the whole ends there, not at 120 %
const wholeAtMost = (s) => (s.field.format.kind === "percent" ? ({ max }) => (max > 0.6 && max <= 1 ? 1 : null) : null);

const one = (chart, s, color, few, xField) => {
  const kind = KINDS[chart.type];
  const horizontal = chart.type === "bar";
  return {
    name: s.name, type: kind, data: s.values, stack: chart.stacked ? "all" : undefined, color,
    symbol: few ? "circle" : "none", symbolSize: 5, showSymbol: few, connectNulls: xField.type !== "date", barMaxWidth: 36,
    lineStyle: { width: 2 }, areaStyle: chart.type === "area" ? { opacity: 0.18 } : undefined,
    itemStyle: kind === "bar" && !chart.stacked ? { borderRadius: horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] } : undefined,
  };
};

// what the lines show for the comparison period: thin, of the same colour
const then = (chart, data, cats, left, theme) => {
  if (!data.versus || chart.color || KINDS[chart.type] !== "line") return [];
  return left.map((s, i) => ({
    name: left.length > 1 ? `${s.name}, было` : "Было", type: "line", data: Shape.versus(chart, data, cats, s.key),
    symbol: "none", color: theme.series[i % theme.series.length], z: 1,
    lineStyle: { width: 1, type: "dotted", opacity: 0.9 },
  }));
};

// a week or month that the period cuts looks like a fall: its point stands apart from the line
const unfinished = (chart, partial, cats, lines, theme) => {
  const places = (partial || []).map((iso) => cats.indexOf(iso)).filter((i) => i >= 0);
  if (!places.length || KINDS[chart.type] !== "line" || places.length >= cats.length) return [];
  return lines.map((line) => {
    const points = places.map((i) => ({ value: [i, line.data[i]] })).filter((p) => p.value[1] !== null);
    line.data = line.data.map((v, i) => (places.includes(i) ? null : v));
    return {
      name: line.name, type: "scatter", data: points, yAxisIndex: line.yAxisIndex || 0, symbol: "circle", symbolSize: 6, z: 3,
      itemStyle: { color: theme.card, borderColor: line.color, borderWidth: 1.5 },
    };
  });
};

const tip = (items, all, data) => {
  const list = items.filter((item) => item.seriesName && !item.seriesName.startsWith("\u0000"));
  if (!list.length) return "";
  const first = list[0];
  const i = Array.isArray(first.value) ? first.value[0] : first.dataIndex;
  const lines = list.map((item) => {
    const own = all.find((s) => s.name === item.seriesName);
    const field = own ? own.field : all[0].field;
    const value = Array.isArray(item.value) ? item.value[1] : item.value;
    if (value === null || value === undefined || value === "-") return "";
    const text = item.data && item.data.note ? item.data.note : told(value, field, own && own.samples[i], data.small);
    return `${item.marker}${safe(item.seriesName)}: <b>${safe(text)}</b>`;
  });
  const cut = (data.partial || []).includes(data.cats[i]) ? " (неполный период)" : "";
  return [safe(list[0].axisValueLabel || list[0].name) + cut, ...lines.filter(Boolean)].join("<br>");
};

const categoryAxis = (names, field, theme, horizontal) => {
  const axis = {
    type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } },
    axisLabel: { color: theme.soft, hideOverlap: true, margin: 12, alignMinLabel: "left", alignMaxLabel: "right" },
  };
  if (horizontal) {
    axis.inverse = true;
    axis.axisLabel = { color: theme.soft, width: Math.min(150, theme.width * 0.3), overflow: "break", lineHeight: 13, interval: 0 };
  } else if (field.type === "string") {
    const width = (theme.width - 130) / names.length - 6;
    const base = { color: theme.soft, interval: 0, fontSize: 11, lineHeight: 13, margin: 8 };
    const letters = Math.floor(width / 6.3);
    axis.axisLabel = letters >= 7
      ? { ...base, formatter: (name) => wrap(name, letters) }
      : { ...base, fontSize: 10, rotate: 55, width: 92, overflow: "truncate" };
  }
  return axis;
};

// the expected range: an invisible floor and a shaded height above it
const band = (chart, data, cats, theme) => {
  const [low, high] = chart.band.map((m) => Shape.series({ ...chart, color: null }, data, cats, [m])[0].values);
  const line = { type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, silent: true, stackStrategy: "all" };
  return [
    { ...line, name: "\u0000low", data: low },
    {
      ...line, name: "\u0000band", areaStyle: { color: theme.band, opacity: 1 },
      data: high.map((v, i) => (v === null || low[i] === null ? null : v - low[i])),
    },
  ];
};

const point = (theme) => ({
  type: "scatter", symbolSize: 11, itemStyle: { color: theme.alarm, borderColor: theme.card, borderWidth: 1.5 }, z: 5,
});

const flags = (chart, data, cats, s, theme, shown) => {
  const [{ values }] = Shape.series({ ...chart, color: null }, data, cats, [chart.flag]);
  shown.push(LEGEND_OF_MARKS);
  return { ...point(theme), name: LEGEND_OF_MARKS, data: values.map((flag, i) => (flag ? s.values[i] : null)) };
};

// incidents on other charts, on the axis where the line has no value, as on a day of an outage; a press leads to their row
const marks = (data, cats, s, theme, shown) => {
  const found = data.marks.map((mark) => ({ ...mark, i: cats.indexOf(mark.at) })).filter((mark) => mark.i >= 0);
  shown.push(LEGEND_OF_MARKS);
  return {
    ...point(theme), name: LEGEND_OF_MARKS, cursor: "pointer",
    data: found.map((mark) => ({ value: [mark.i, s.values[mark.i] ?? 0], note: mark.text, choice: mark.choice })),
  };
};

const focus = (data, cats, names, theme) => {
  const first = cats.findIndex((day) => day >= data.focus.from);
  const last = cats.findLastIndex((day) => day <= data.focus.to);
  if (first < 0 || last < first) return undefined;
  return { silent: true, itemStyle: { color: theme.alarm, opacity: 0.16 },
    data: [[{ xAxis: Math.max(0, first - 0.5) }, { xAxis: Math.min(names.length - 1, last + 0.5) }]] };
};

// bars whose categories are the measures
export const measures = (chart, data, theme) => {
  const fields = chart.y.map((m) => chart.fields[m]);
  const values = chart.y.map((m) => (data.rows[0] || [])[Shape.at(data, m)]);
  return {
    ...base(theme), grid: { left: 12, right: 96, top: 8, bottom: 6, containLabel: true },
    tooltip: tooltip(theme, { trigger: "item", valueFormatter: (v) => Format.number(v, fields[0].format) }),
    xAxis: valueAxis(theme, fields[0]),
    yAxis: {
      type: "category", inverse: true, data: fields.map((f) => f.title), axisTick: { show: false }, axisLine: { show: false },
      axisLabel: { color: theme.text, width: Math.min(190, theme.width * 0.36), overflow: "break", lineHeight: 14 },
    },
    series: [{
      type: "bar", barMaxWidth: 30, colorBy: "data", itemStyle: { borderRadius: [0, 3, 3, 0] }, data: values,
      label: { show: true, position: "right", color: theme.text, formatter: (p) => Format.number(p.value, fields[0].format, true) },
    }],
  };
};
