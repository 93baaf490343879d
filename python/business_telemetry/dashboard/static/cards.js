// One card a chart: title, menu, and a body that is loading, drawn, empty or explains why it cannot be drawn.
"use strict";
const Cards = (() => {
  const { make } = Tables;
  const DRAWN_AS_DOM = { table: Tables.table, pivot: Tables.pivot, funnel: Tables.funnel, indicator: Tables.indicator };
  const drawings = new Map(); // body -> ECharts instance

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      font: getComputedStyle(document.body).fontFamily, text: get("text"), soft: get("soft"), line: get("line"), card: get("card"), land: get("land"), border: get("border"),
      band: get("band"), alarm: get("alarm"), series: get("series").split(" "), ramp: get("ramp").split(" "),
    };
  };

  const create = (id, chart, width, height, actions) => {
    const body = make("div", { class: "body" });
    const menu = make("details", { class: "menu" },
      make("summary", { "aria-label": `Действия: ${chart.title}` }, "⋯"),
      make("div", {},
        make("button", { type: "button", onclick: () => { menu.open = false; actions.sql(id); } }, "показать SQL"),
        actions.csv ? make("a", { href: "#", download: `${id}.csv`, onclick: (e) => { menu.open = false; e.currentTarget.href = actions.csv(id); } }, "скачать CSV") : null));
    const card = make("section", { class: `card type-${chart.type}`, "data-testid": id, "data-state": "loading", "aria-label": chart.title },
      make("h2", {}, chart.title), chart.note ? make("p", { class: "note" }, chart.note) : null, menu, body);
    card.style.setProperty("--w", width);
    card.style.setProperty("--h", height);
    return card;
  };

  const isEmpty = (chart, data) =>
    !data.rows.length || (!chart.x.length && !chart.rows.length && data.rows[0].every((v) => v === null));

  const draw = (card, chart, data, scale) => {
    const body = card.querySelector(".body");
    clear(body);
    card.dataset.rows = data.rows.length;
    if (isEmpty(chart, data)) {
      card.dataset.state = "empty";
      body.append(make("p", { class: "message" }, chart.dated
        ? "За этот период и с этими фильтрами данных нет. Расширьте период или снимите фильтр."
        : "Данных для этого графика пока нет. Снимите фильтр или дождитесь более длинного журнала."));
      return;
    }
    card.dataset.state = "ready";
    if (chart.type in DRAWN_AS_DOM) {
      body.append(DRAWN_AS_DOM[chart.type](chart, data));
      return;
    }
    const drawing = echarts.init(body, null, { renderer: "svg" });
    drawing.setOption(Options.build(chart, data, { ...theme(), width: body.clientWidth }, scale));
    drawings.set(body, drawing);
  };

  const fail = (card, message, retry) => {
    const body = card.querySelector(".body");
    clear(body);
    card.dataset.state = "error";
    body.append(make("p", { class: "message" }, message), retry ? make("button", { type: "button", onclick: retry }, "Повторить") : "");
  };

  const clear = (body) => {
    if (drawings.has(body)) drawings.get(body).dispose();
    drawings.delete(body);
    body.replaceChildren();
  };

  const clearAll = () => { for (const body of [...drawings.keys()]) clear(body); };
  window.addEventListener("resize", () => drawings.forEach((drawing) => drawing.resize()));
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[open]").forEach((d) => { if (!d.contains(event.target)) d.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details[open]").forEach((d) => { d.open = false; d.querySelector("summary").focus(); });
  });
  return { create, draw, fail, clearAll };
})();
