// ECharts options from a chart and its data. Pure functions; colours come from the page's theme.
"use strict";
const Options = (() => {
  const safe = (text) => echarts.format.encodeHTML(text); // what tooltips of our own take as HTML
  const base = (theme) => ({
    animation: false,
    color: theme.series,
    textStyle: { fontFamily: theme.font, color: theme.text },
    grid: { left: 8, right: 26, top: 34, bottom: 6, containLabel: true },
    aria: { enabled: true },
  });
  const tooltip = (theme, extra) => ({
    confine: true, backgroundColor: theme.card, borderColor: theme.line, textStyle: { color: theme.text, fontSize: 12 }, ...extra,
  });
  const legend = (theme, names) => ({
    show: names.length > 1, type: "scroll", top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10,
    textStyle: { color: theme.soft, fontSize: 12 }, pageTextStyle: { color: theme.soft }, pageIconColor: theme.soft, data: names,
  });
  const valueAxis = (theme, field, extra) => ({
    type: "value", axisLabel: { color: theme.soft, hideOverlap: true, formatter: (v) => Format.number(v, axisFormat(field), true) },
    splitLine: { lineStyle: { color: theme.line } }, ...extra,
  });
  // ticks need no decimals unless the numbers are small
  const axisFormat = (field) => ({ ...field.format, precision: 0 });

  const cartesian = (chart, data, theme, scale) => {
    const cats = Shape.categories(chart, data, chart.x[0], scale);
    const xField = chart.fields[chart.x[0]];
    const names = cats.map((value) => Format.label(value, xField, Shape.monthly(chart.x[0], chart, scale)));
    const horizontal = chart.type === "bar";
    const kind = { line: "line", area: "line", column: "bar", bar: "bar" }[chart.type];
    const left = Shape.series(chart, data, cats, chart.y);
    const right = chart.y2.length ? Shape.series({ ...chart, color: null }, data, cats, chart.y2) : [];
    const few = cats.length <= 40;
    const drawn = left.map((s, i) => ({
      name: s.name, type: kind, data: s.values, stack: chart.stacked ? "all" : undefined, symbol: few ? "circle" : "none", symbolSize: 5, color: theme.series[i % theme.series.length],
      connectNulls: xField.type !== "date", barMaxWidth: 36, lineStyle: { width: 2 }, areaStyle: chart.type === "area" ? { opacity: 0.18 } : undefined,
      itemStyle: kind === "bar" && !chart.stacked ? { borderRadius: horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] } : undefined,
      tooltip: { valueFormatter: (v) => Format.number(v, s.field.format) },
    }));
    right.forEach((s, i) => drawn.push({
      color: theme.series[(left.length + i) % theme.series.length],
      name: s.name, type: "line", yAxisIndex: 1, data: s.values, symbol: few ? "circle" : "none", symbolSize: 5,
      lineStyle: { width: 2, type: "dashed" }, tooltip: { valueFormatter: (v) => Format.number(v, s.field.format) },
    }));
    const shown = drawn.map((s) => s.name);
    if (chart.band) drawn.unshift(...band(chart, data, cats, theme));
    if (chart.flag) drawn.push(flags(chart, data, cats, left[0], theme, shown));
    const category = {
      type: "category", data: names, axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { color: theme.soft, hideOverlap: true, width: 150, overflow: horizontal ? "truncate" : "none" },
    };
    if (horizontal) category.inverse = true;
    else if (xField.type === "string" && cats.length <= 12) category.axisLabel = { ...category.axisLabel, interval: 0, hideOverlap: false, width: Math.max(34, (theme.width - 110) / cats.length - 6), overflow: "break", fontSize: 11, lineHeight: 12 };
    const values = [valueAxis(theme, left[0] ? left[0].field : {})];
    if (right.length) values.push(valueAxis(theme, right[0].field, { splitLine: { show: false }, min: 0 }));
    return {
      ...base(theme), legend: legend(theme, shown), grid: { ...base(theme).grid, left: horizontal ? 22 : 8, bottom: category.axisLabel.overflow === "break" ? 20 : 6 },
      tooltip: tooltip(theme, { trigger: "axis", axisPointer: { type: kind === "bar" ? "shadow" : "line" } }),
      xAxis: horizontal ? values[0] : category, yAxis: horizontal ? category : values, series: drawn,
    };
  };

  // the expected range: an invisible floor and a shaded height above it
  const band = (chart, data, cats, theme) => {
    const [low, high] = chart.band.map((m) => Shape.series({ ...chart, color: null }, data, cats, [m])[0].values);
    const line = { type: "line", stack: "band", symbol: "none", lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
    return [
      { ...line, name: "Нижняя граница", data: low, stackStrategy: "all" },
      { ...line, name: "Ожидаемый коридор", data: high.map((v, i) => (v === null || low[i] === null ? null : v - low[i])),
        stackStrategy: "all", areaStyle: { color: theme.band } },
    ];
  };

  const flags = (chart, data, cats, series, theme, shown) => {
    const flagged = Shape.series({ ...chart, color: null }, data, cats, [chart.flag])[0].values;
    shown.push("Аномалия");
    return {
      name: "Аномалия", type: "scatter", symbolSize: 10, itemStyle: { color: theme.alarm }, z: 5,
      data: flagged.map((flag, i) => (flag ? series.values[i] : null)), tooltip: { valueFormatter: (v) => Format.number(v, series.field.format) },
    };
  };

  // bars whose categories are the measures
  const measures = (chart, data, theme) => {
    const fields = chart.y.map((m) => chart.fields[m]);
    const values = chart.y.map((m) => (data.rows[0] || [])[Shape.at(data, m)]);
    return {
      ...base(theme), grid: { left: 22, right: 90, top: 8, bottom: 6, containLabel: true },
      tooltip: tooltip(theme, { trigger: "item", valueFormatter: (v) => Format.number(v, fields[0].format) }),
      xAxis: valueAxis(theme, fields[0]),
      yAxis: { type: "category", inverse: true, data: fields.map((f) => f.title), axisLabel: { color: theme.text }, axisTick: { show: false }, axisLine: { show: false } },
      series: [{ type: "bar", barMaxWidth: 30, colorBy: "data", itemStyle: { borderRadius: [0, 3, 3, 0] },
        data: values, label: { show: true, position: "right", color: theme.text, formatter: (p) => Format.number(p.value, fields[0].format, true) } }],
    };
  };

  const donut = (chart, data, theme) => {
    const [x, m] = [Shape.at(data, chart.x[0]), Shape.at(data, chart.y[0])];
    return {
      ...base(theme), legend: { ...legend(theme, data.rows.map((r) => Format.label(r[x], chart.fields[chart.x[0]]))), orient: "vertical" },
      tooltip: tooltip(theme, { valueFormatter: (v) => Format.number(v, chart.fields[chart.y[0]].format) }),
      series: [{ type: "pie", radius: ["45%", "72%"], label: { color: theme.text, formatter: "{d} %" },
        data: data.rows.map((r) => ({ name: Format.label(r[x], chart.fields[chart.x[0]]), value: r[m] })) }],
    };
  };

  const heatmap = (chart, data, theme) => {
    const [row, column, m] = [chart.rows[0], chart.columns[0], chart.y[0]];
    const side = (name) => Shape.unique(data.rows.map((r) => r[Shape.at(data, name)])).sort(Shape.sorter(chart.fields[name]));
    const [ys, xs] = [side(row), side(column)];
    const cells = data.rows.map((r) => [xs.indexOf(r[Shape.at(data, column)]), ys.indexOf(r[Shape.at(data, row)]), r[Shape.at(data, m)]]);
    const values = cells.map((c) => c[2]).filter((v) => v !== null);
    const format = chart.fields[m].format;
    const axis = { type: "category", splitArea: { show: false }, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: theme.soft } };
    return {
      ...base(theme), grid: { left: 8, right: 8, top: 8, bottom: 44, containLabel: true },
      tooltip: tooltip(theme, { formatter: (p) => `${safe(Format.label(ys[p.value[1]], chart.fields[row]))}, ${safe(Format.label(xs[p.value[0]], chart.fields[column]))}<br>${chart.fields[m].title}: <b>${Format.number(p.value[2], format)}</b>` }),
      xAxis: { ...axis, data: xs.map((v) => Format.label(v, chart.fields[column])) },
      yAxis: { ...axis, inverse: true, data: ys.map((v) => Format.label(v, chart.fields[row])) },
      visualMap: { min: Math.min(...values), max: Math.max(...values), orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10,
        textStyle: { color: theme.soft, fontSize: 11 }, text: [Math.max(...values), Math.min(...values)].map((v) => Format.number(v, format)), inRange: { color: theme.ramp } },
      series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: theme.card, borderWidth: 2 } }],
    };
  };

  const map = (chart, data, theme) => {
    const [city, point, size, shade] = [chart.x[0], chart.point, chart.y[0], chart.y[1] || chart.y[0]].map((n) => Shape.at(data, n));
    const placed = data.rows.filter((r) => r[point]).map((r) => {
      const [lat, lon] = JSON.parse(r[point]);
      return { name: r[city], value: [lon, lat, r[size], r[shade]] };
    });
    const biggest = Math.max(...placed.map((p) => p.value[2]), 1);
    const shades = placed.map((p) => p.value[3]);
    const text = (p) => [chart.y[0], chart.y[1] || chart.y[0]].map((m, i) => `${chart.fields[m].title}: <b>${Format.number(p.value[2 + i], chart.fields[m].format)}</b>`).join("<br>");
    return {
      ...base(theme),
      tooltip: tooltip(theme, { formatter: (p) => (p.componentType === "series" ? `${safe(p.name)}<br>${text(p)}` : "") }),
      geo: { map: "russia", roam: true, scaleLimit: { min: 1, max: 12 }, aspectScale: 0.62, boundingCoords: [[24, 72], [140, 42]], top: 4, bottom: 40, left: 4, right: 4,
        itemStyle: { areaColor: theme.land, borderColor: theme.border, borderWidth: 0.8 }, emphasis: { disabled: true }, select: { disabled: true }, silent: true },
      visualMap: { min: Math.min(...shades, 0), max: Math.max(...shades, 1), dimension: 3, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10,
        textStyle: { color: theme.soft, fontSize: 11 }, text: [Math.max(...shades, 1), Math.min(...shades, 0)].map((v) => Format.number(v, chart.fields[chart.y[1] || chart.y[0]].format, true)), inRange: { color: theme.ramp.slice(1) } },
      series: [{ type: "scatter", coordinateSystem: "geo", data: placed, symbolSize: (v) => 6 + 34 * Math.sqrt(Math.max(v[2], 0) / biggest),
        itemStyle: { opacity: 0.85, borderColor: theme.card, borderWidth: 1 },
        label: { show: true, position: "right", formatter: (p) => (p.value[2] >= biggest * 0.12 ? p.name : ""), color: theme.text, fontSize: 11 },
        labelLayout: { hideOverlap: true } }],
    };
  };

  const sankey = (chart, data, theme) => {
    const [step, from, to] = chart.x.map((n) => Shape.at(data, n));
    const n = Shape.at(data, chart.y[0]);
    const field = chart.fields[chart.x[1]];
    const order = Object.keys(field.labels);
    const nodes = new Map();
    const node = (depth, action) => {
      const id = `${depth}:${action}`;
      nodes.set(id, { name: id, depth, itemStyle: { color: theme.series[order.indexOf(action) % theme.series.length] },
        label: { formatter: Format.label(action, field) } });
      return id;
    };
    const links = data.rows.map((r) => ({ source: node(r[step] - 1, r[from]), target: node(r[step], r[to]), value: r[n] }));
    const name = (id) => safe(Format.label(id.split(":")[1], field));
    return {
      ...base(theme),
      tooltip: tooltip(theme, { formatter: (p) => (p.dataType === "edge" ? `${name(p.data.source)} → ${name(p.data.target)}` : `${name(p.name)}`) + `: <b>${Format.number(p.value)}</b>` }),
      series: [{ type: "sankey", data: [...nodes.values()], links, left: 4, right: 116, top: 8, bottom: 8, nodeGap: 6, nodeWidth: 12, draggable: false,
        layoutIterations: 0, lineStyle: { color: "gradient", opacity: 0.25 }, label: { color: theme.text, fontSize: 11, textBorderColor: theme.card, textBorderWidth: 2 } }],
    };
  };

  const build = (chart, data, theme, scale) => {
    if (chart.type in { donut: 1 }) return donut(chart, data, theme);
    if (chart.type === "heatmap") return heatmap(chart, data, theme);
    if (chart.type === "map") return map(chart, data, theme);
    if (chart.type === "sankey") return sankey(chart, data, theme);
    return chart.x.length ? cartesian(chart, data, theme, scale) : measures(chart, data, theme);
  };
  return { build };
})();
