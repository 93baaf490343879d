// One card a chart: title, definitions, menu, and a body that is loading, drawn, empty or says why it cannot be drawn.
import { cartesian, measures } from "./cartesian.js";
import { donut, heatmap, map, sankey } from "./grids.js";
import { funnel, indicator } from "./figures.js";
import { incidents } from "./incidents.js";
import { pivot, table } from "./tables.js";
import { savePng } from "./download.js";
import { theme } from "./theme.js";
import { make } from "./dom.js";

const AS_DOM = { table, pivot, funnel, indicator };
const AS_CHART = { donut, heatmap, map, sankey };
const EMPTY = {
  dated: "За этот период и с этими фильтрами данных нет. Расширьте период или снимите фильтр.",
  follows: "В дни происшествия таких строк нет.",
  timeless: "Данных для этого графика пока нет. Снимите фильтр или дождитесь более длинного журнала.",
};
const drawings = new Map(); // body -> {drawing, redraw}

export const create = (id, chart, width, height, actions) => {
  const body = make("div", { class: "body" });
  const close = (act) => () => { menu.open = false; act(); };
  const files = actions.file
    ? ["csv", "xlsx"].map((kind) => make("a", { href: actions.file(id, kind), download: `${id}.${kind}`, "data-kind": kind, onclick: (event) => {
      menu.open = false;
      event.currentTarget.href = actions.file(id, kind);
    } }, `скачать ${kind.toUpperCase()}`)) : [];
  const menu = make("details", { class: "menu" },
    make("summary", { "aria-label": `Действия: ${chart.title}` }, "⋯"),
    make("div", {},
      actions.file ? make("button", { type: "button", onclick: close(() => savePng(card, id)) }, "скачать PNG") : null, files,
      make("button", { type: "button", onclick: close(() => actions.sql(id)) }, "показать SQL")));
  const card = make("section", { class: `card type-${chart.type}`, id: `card-${id}`, "data-testid": id, "data-state": "loading", "aria-label": chart.title, tabindex: -1 },
    make("div", { class: "title" }, make("h2", {}, chart.title), hints(chart), menu),
    chart.note ? make("p", { class: "note" }, chart.note) : null, make("p", { class: "note unfiltered", hidden: "" }), body);
  card.style.setProperty("--w", width);
  card.style.setProperty("--h", height);
  return card;
};

// the definitions of what the card shows
const hints = (chart) => {
  const told = Object.values(chart.fields).filter((field) => field.hint);
  if (!told.length) return null;
  return make("details", { class: "hint" }, make("summary", { "aria-label": `Что это: ${chart.title}`, title: told[0].hint }, "i"),
    make("dl", {}, told.flatMap((field) => [make("dt", {}, field.title), make("dd", {}, field.hint)])));
};

const isEmpty = (chart, data) =>
  !data.rows.length || (!chart.x.length && !chart.rows.length && data.rows[0].every((v) => v === null));

export const draw = (card, chart, data, actions) => {
  const body = card.querySelector(".body");
  clear(body);
  card.dataset.rows = data.rows.length;
  const unfiltered = card.querySelector(".unfiltered");
  unfiltered.textContent = `Без фильтра: ${(data.ignored || []).join(", ")}`;
  unfiltered.hidden = !(data.ignored || []).length;
  if (data.untold || isEmpty(chart, data)) {
    card.dataset.state = data.untold ? "untold" : "empty";
    body.append(make("p", { class: "message" }, data.untold || chart.empty || EMPTY[chart.follows ? "follows" : chart.dated ? "dated" : "timeless"]));
    return;
  }
  card.dataset.state = "ready";
  const shown = withFormats(chart, data);
  if (chart.type === "incidents") body.append(incidents(shown, data, actions.event, actions.choose));
  else if (chart.type in AS_DOM) body.append(AS_DOM[chart.type](shown, data));
  else drawChart(body, shown, data, actions);
  for (const region of body.querySelectorAll(".scroll")) wholeRows(region);
};

const withFormats = (chart, data) => {
  const fields = Object.fromEntries(Object.entries(data.formats || {}).map(([name, format]) => [name, { ...chart.fields[name], format }]));
  return { ...chart, fields: { ...chart.fields, ...fields } };
};

const drawChart = (body, chart, data, actions) => {
  const build = AS_CHART[chart.type] || (chart.x.length ? cartesian : measures);
  const drawing = globalThis.echarts.init(body, null, { renderer: "svg" });
  const redraw = () => {
    drawing.resize();
    drawing.setOption(build(chart, data, { ...theme(), width: body.clientWidth }), true);
  };
  redraw();
  drawing.on("click", (item) => { if (item.data && item.data.choice) actions.choose(item.data.choice); });
  drawings.set(body, { drawing, redraw });
};

// a table ends with a whole row, so that nobody takes the cut one for the last
const wholeRows = (region) => {
  region.style.maxHeight = "";
  const more = () => { region.dataset.more = region.scrollLeft + region.clientWidth < region.scrollWidth - 1 ? "right" : ""; };
  region.onscroll = more;
  more();
  const rows = [...region.querySelectorAll("tbody tr:not(.total)")];
  const room = region.clientHeight;
  if (region.scrollHeight <= room + 1 || !rows.length) return;
  const bottom = region.querySelector("tr.total") ? region.querySelector("tr.total").offsetHeight : 0;
  const bar = region.offsetHeight - region.clientHeight;
  const top = region.getBoundingClientRect().top - region.scrollTop;
  const ends = rows.filter((row) => row.offsetHeight).map((row) => row.getBoundingClientRect().bottom - top);
  const last = ends.filter((end) => end + bottom <= room).pop();
  if (last) region.style.maxHeight = `${Math.floor(last + bottom + bar)}px`;
};

export const fail = (card, message, retry) => {
  const body = card.querySelector(".body");
  clear(body);
  card.dataset.state = "error";
  body.append(make("p", { class: "message" }, message), retry ? make("button", { type: "button", onclick: retry }, "Повторить") : "");
};

const clear = (body) => {
  if (drawings.has(body)) drawings.get(body).drawing.dispose();
  drawings.delete(body);
  body.replaceChildren();
};

export const clearAll = () => { for (const body of [...drawings.keys()]) clear(body); };

export const redrawAll = () => {
  drawings.forEach(({ redraw }) => redraw());
  document.querySelectorAll(".card .scroll").forEach(wholeRows);
};
