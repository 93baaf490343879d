// Tabs, filters and cards together. In a snapshot the answers come from `window.SNAPSHOT` instead of the server.
"use strict";
(() => {
  const { make } = Tables;
  const AT_ONCE = 4, WAIT = 2000;
  const byId = (id) => document.getElementById(id);
  const snapshot = window.SNAPSHOT || null;
  const answers = new Map(); // chart of the shown tab -> its data
  let dashboard = null, choice = null, turn = 0;

  class NoAnswer extends Error {
    constructor({ state, message }) { super(message); this.state = state; }
  }

  const get = async (path) => {
    let response;
    try {
      response = await fetch(path);
    } catch {
      throw new NoAnswer({ state: "busy", message: "Нет связи с `telemetry preview`. Запустите команду снова." });
    }
    const answer = await response.json();
    if (!response.ok) throw new NoAnswer(answer);
    return answer;
  };
  const chartPath = (id, kind) => `api/charts/${id}.${kind}?${Filters.query(dashboard, choice)}`;
  const ask = (id) => (snapshot ? Promise.resolve(snapshot.charts[id]) : get(chartPath(id, "json")));
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const banner = (message) => { byId("banner").textContent = message; byId("banner").hidden = !message; };

  const start = async () => {
    document.body.dataset.state = "loading";
    for (;;) {
      try {
        dashboard = snapshot ? snapshot.dashboard : await get("api/dashboard");
        break;
      } catch (error) {
        document.body.dataset.state = error.state || "error";
        byId("board").replaceChildren(make("p", { class: "message", role: "alert" }, error.message),
          make("button", { type: "button", onclick: () => location.reload() }, "Повторить"));
        if (error.state !== "busy") { document.body.dataset.ready = "true"; return; }
        await pause(WAIT);
      }
    }
    byId("name").textContent = document.title = dashboard.name;
    choice = Filters.read(dashboard);
    show();
  };

  const change = (next) => {
    choice = next;
    Filters.write(choice);
    show();
  };

  const show = () => {
    const focused = document.activeElement && document.activeElement.closest("[data-testid]");
    const open = [...document.querySelectorAll("#filters details[open]")].map((d) => d.dataset.testid);
    drawTabs();
    if (snapshot) byId("filters").replaceChildren(make("p", { class: "note" }, `${Format.day(choice.from)} – ${Format.day(choice.to)}`));
    else Filters.draw(byId("filters"), dashboard, choice, change);
    open.forEach((id) => { const d = document.querySelector(`#filters [data-testid="${id}"]`); if (d) d.open = true; });
    if (focused) { const again = document.querySelector(`#filters [data-testid="${focused.dataset.testid}"]`); if (again) (again.querySelector("summary") || again).focus(); }
    fill();
  };

  const drawTabs = () => byId("tabs").replaceChildren(...dashboard.tabs.map((tab) => make("button", {
    type: "button", role: "tab", id: `tab-${tab.id}`, "aria-selected": String(tab.id === choice.tab), "aria-controls": "board",
    tabindex: tab.id === choice.tab ? 0 : -1, onclick: () => change({ ...choice, tab: tab.id }),
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = dashboard.tabs.indexOf(tab) + step + dashboard.tabs.length;
      change({ ...choice, tab: dashboard.tabs[at % dashboard.tabs.length].id });
      byId(`tab-${choice.tab}`).focus();
    },
  }, tab.title)));

  const fill = async () => {
    const mine = ++turn;
    const tab = dashboard.tabs.find((t) => t.id === choice.tab);
    document.body.dataset.ready = "false";
    document.body.dataset.state = "ready";
    const board = byId("board");
    const fresh = board.dataset.tab !== tab.id;
    if (fresh) {
      Cards.clearAll();
      answers.clear();
      board.dataset.tab = tab.id;
      board.replaceChildren(...tab.rows.flatMap((row) => row.items.map((item) =>
        Cards.create(item.chart, dashboard.charts[item.chart], item.w, row.h, { sql: showSql, csv: snapshot ? null : (id) => chartPath(id, "csv") }))));
    }
    const waiting = tab.rows.flatMap((row) => row.items.map((item) => item.chart));
    for (const id of waiting) card(id).dataset.stale = "true";
    const work = async () => { while (waiting.length && mine === turn) await load(waiting.shift(), mine); };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (mine === turn) { banner(""); document.body.dataset.ready = "true"; }
  };

  const card = (id) => document.querySelector(`section[data-testid="${id}"]`);
  const scale = () => (choice.f_scale || [])[0];

  const load = async (id, mine) => {
    while (mine === turn) {
      try {
        const data = await ask(id);
        if (mine !== turn) return;
        banner("");
        answers.set(id, data);
        Cards.draw(card(id), dashboard.charts[id], data, scale());
        delete card(id).dataset.stale;
        return;
      } catch (error) {
        if (mine !== turn) return;
        if (error.state === "busy") { banner(error.message); await pause(WAIT); continue; }
        Cards.fail(card(id), error.message, () => load(id, turn));
        delete card(id).dataset.stale;
        return;
      }
    }
  };

  const showSql = (id) => {
    const data = answers.get(id);
    byId("sql-title").textContent = dashboard.charts[id].title;
    byId("sql").querySelector("pre").textContent = data ? data.sql : "Запрос ещё не выполнен.";
    byId("sql").showModal();
  };
  byId("copy").addEventListener("click", () => navigator.clipboard.writeText(byId("sql").querySelector("pre").textContent));

  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    answers.forEach((data, id) => Cards.draw(card(id), dashboard.charts[id], data, scale()));
  });
  window.addEventListener("hashchange", () => { if (dashboard) { choice = Filters.read(dashboard); show(); } });
  start();
})();
