// Tabs, filters and cards together. In a snapshot the answers come from `window.SNAPSHOT` instead of the server.
import * as Cards from "./cards.js";
import * as Choice from "./choice.js";
import * as Format from "./format.js";
import * as Filters from "./filters.js";
import { drawOverview } from "./overview.js";
import { toggleDark } from "./theme.js";
import { byId, make } from "./dom.js";

const AT_ONCE = 4;
const WAIT = 2000;
const OVERVIEW = { id: "overview", title: "Обзор", rows: [] };
const snapshot = window.SNAPSHOT || null;
const answers = new Map(); // chart of the shown tab -> its data
let dashboard = null;
let choice = null;
let turn = 0;
let target = null; // chart that a link leads to
let named = false; // whether the address or the reader said which series to look at

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
const chartPath = (id, kind) => `api/charts/${id}.${kind}?${Choice.query(dashboard, choice)}`;
const ask = async (id) => ({
  ...(snapshot ? snapshot.charts[id] : await get(chartPath(id, "json"))), small: dashboard.small, asked: choice.vs,
});
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const banner = (message) => { byId("banner").textContent = message; byId("banner").hidden = !message; };
const card = (id) => document.querySelector(`section[data-testid="${id}"]`);
const tabNow = () => dashboard.tabs.find((tab) => tab.id === choice.tab);

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
  Format.setCurrency(dashboard.currency);
  if (dashboard.overview) dashboard.tabs.unshift(OVERVIEW);
  byId("name").textContent = dashboard.name;
  arriveAt(location.hash);
};

const arriveAt = (hash) => {
  choice = Choice.read(dashboard, hash);
  named = Choice.namesSeries(hash);
  show();
};

const change = (next) => {
  choice = next;
  history.replaceState(null, "", Choice.write(dashboard, choice));
  show();
};

// what the reader chose in the filters
const choose = (next) => {
  named = !Choice.isClear(dashboard, next) && (named || Choice.SERIES.some((id) => String(next[id]) !== String(choice[id])));
  change(next);
};

// what a press on a mark, an incident or a sentence asks for
const follow = (part, chart = null) => {
  const next = chart ? Choice.told(dashboard, choice, part) : Choice.merged(dashboard, choice, part);
  const leaves = next.tab !== choice.tab;
  named = false;
  target = chart || (leaves ? tabNow() && firstIncidents(next.tab) : null);
  if (leaves) history.pushState(null, "", Choice.write(dashboard, next));
  change(next);
};

const firstIncidents = (id) => dashboard.tabs.find((tab) => tab.id === id).rows
  .flatMap((row) => row.items.map((item) => item.chart)).find((name) => dashboard.charts[name].type === "incidents") || null;

const show = () => {
  const focused = document.activeElement && document.activeElement.closest("#filters [data-testid]");
  const place = focused && Filters.placeIn(document.activeElement);
  const open = [...document.querySelectorAll("#filters details[open]")].map((d) => [d.dataset.testid, Filters.searched(d)]);
  document.title = `${tabNow().title} — ${dashboard.name}`;
  drawTabs();
  byId("fold").hidden = byId("filters").hidden = choice.tab === OVERVIEW.id;
  const form = byId("filters");
  if (snapshot) form.replaceChildren(make("p", { class: "note" }, `${Format.day(choice.from)} – ${Format.day(choice.to)}`));
  else Filters.draw(form, dashboard, choice, choose);
  const count = Choice.chips(dashboard, choice).length;
  byId("fold").textContent = count ? `Фильтры (${count})` : "Фильтры";
  const again = (id) => document.querySelector(`#filters [data-testid="${id}"]`);
  open.forEach(([id, text]) => { if (again(id)) Filters.reopen(again(id), text); });
  if (focused && again(focused.dataset.testid)) Filters.focus(again(focused.dataset.testid), place);
  fill();
};

const drawTabs = () => byId("tabs").replaceChildren(...dashboard.tabs.map((tab) => make("button", {
  type: "button", role: "tab", id: `tab-${tab.id}`, "aria-selected": String(tab.id === choice.tab), "aria-controls": "board",
  tabindex: tab.id === choice.tab ? 0 : -1, onclick: () => change({ ...choice, tab: tab.id }),
  onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = dashboard.tabs.indexOf(tab) + step + dashboard.tabs.length;
    change({ ...choice, tab: dashboard.tabs[next % dashboard.tabs.length].id });
    byId(`tab-${choice.tab}`).focus();
  },
}, tab.title)));

const fill = async () => {
  const mine = ++turn;
  const tab = tabNow();
  const board = byId("board");
  document.body.dataset.ready = "false";
  document.body.dataset.state = "ready";
  board.setAttribute("aria-labelledby", `tab-${tab.id}`);
  if (board.dataset.tab !== tab.id) {
    Cards.clearAll();
    answers.clear();
    board.dataset.tab = tab.id;
    const actions = { sql: showSql, file: snapshot ? null : chartPath };
    board.replaceChildren(...tab.rows.flatMap((row) => row.items.map((item) =>
      Cards.create(item.chart, dashboard.charts[item.chart], item.w, row.h, actions))));
  }
  if (tab === OVERVIEW) {
    await retried(mine, async () => drawOverview(board, snapshot ? snapshot.overview : await get("api/overview"), hrefOf, follow),
      (error) => board.replaceChildren(make("p", { class: "message", role: "alert" }, error.message)));
  } else {
    const items = tab.rows.flatMap((row) => row.items.map((item) => item.chart));
    for (const id of items) card(id).dataset.stale = "true";
    const first = items.filter((id) => dashboard.charts[id].type === "incidents");
    for (const id of first) if (mine === turn) await load(id, mine);
    const waiting = items.filter((id) => !first.includes(id));
    const work = async () => { while (waiting.length && mine === turn) await load(waiting.shift(), mine); };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  if (mine !== turn) return;
  banner("");
  arrive();
  document.body.dataset.ready = "true";
};

const hrefOf = (part) => Choice.write(dashboard, Choice.told(dashboard, choice, part));

// go to the chart that a link was about
const arrive = () => {
  const goal = target && card(target);
  target = null;
  if (!goal) return;
  goal.scrollIntoView({ block: "center" });
  goal.focus({ preventScroll: true });
};

const retried = async (mine, act, failed) => {
  while (mine === turn) {
    try {
      await act();
      return;
    } catch (error) {
      if (mine !== turn) return;
      if (error.state !== "busy") { failed(error); return; }
      banner(error.message);
      await pause(WAIT);
    }
  }
};

const load = (id, mine) => retried(mine, async () => {
  const data = await ask(id);
  if (mine !== turn) return;
  banner("");
  answers.set(id, data);
  if (data.incidents) chooseFirst(data.incidents);
  drawCard(id);
  delete card(id).dataset.stale;
}, (error) => {
  Cards.fail(card(id), error.message, () => load(id, turn));
  delete card(id).dataset.stale;
});

// the charts beside the list show its first row, until the reader presses another one
const chooseFirst = (incidents) => {
  const shown = snapshot ? incidents.find((item) => item.key === snapshot.event) : Choice.shownEvent(incidents, choice, named);
  if (shown && shown.key === choice.event) return;
  choice = shown ? Choice.merged(dashboard, choice, shown.choice) : { ...choice, event: null };
  if (!snapshot) Filters.draw(byId("filters"), dashboard, choice, choose);
};

const drawCard = (id) => Cards.draw(card(id), dashboard.charts[id], answers.get(id), { event: choice.event, choose: follow });

const showSql = (id) => {
  const data = answers.get(id);
  byId("sql-title").textContent = dashboard.charts[id].title;
  byId("sql").querySelector("pre").textContent = data ? data.sql : "Запрос ещё не выполнен.";
  byId("sql").showModal();
};

const closeMenus = (keep) => document.querySelectorAll("details[open]").forEach((d) => { if (!keep || !d.contains(keep)) d.open = false; });
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details[open]");
  if (!open) return;
  open.querySelector("summary").focus();
  closeMenus(null);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address holds the choice
  byId("board").focus();
});
byId("copy").addEventListener("click", () => navigator.clipboard.writeText(byId("sql").querySelector("pre").textContent));
byId("theme").addEventListener("click", () => { toggleDark(); answers.forEach((_, id) => drawCard(id)); });
byId("print").addEventListener("click", () => window.print());
byId("fold").addEventListener("click", () => {
  const folded = document.body.dataset.folded !== "true";
  document.body.dataset.folded = String(folded);
  byId("fold").setAttribute("aria-expanded", String(!folded));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => answers.forEach((_, id) => drawCard(id)));
for (const name of ["resize", "beforeprint", "afterprint"]) window.addEventListener(name, Cards.redrawAll);
for (const name of ["hashchange", "popstate"]) {
  window.addEventListener(name, () => {
    if (!dashboard || Choice.write(dashboard, choice) === location.hash) return;
    arriveAt(location.hash);
  });
}
document.body.dataset.folded = "true";
start();
