// The filter bar. The choice lives in the address, so that it can be sent as a link.
"use strict";
const Filters = (() => {
  const { make } = Tables;

  // {tab, from, to, [selector]: [values]} of the address, with defaults where it says nothing
  const read = (dashboard) => {
    const address = new URLSearchParams(location.hash.slice(1));
    const known = dashboard.tabs.some((t) => t.id === address.get("tab"));
    const choice = { tab: known ? address.get("tab") : dashboard.tabs[0].id };
    choice.from = address.get("from") || dashboard.period.from;
    choice.to = address.get("to") || dashboard.period.to;
    for (const s of dashboard.selectors) {
      const options = s.options.map(([value]) => value);
      const chosen = address.getAll(s.id).filter((value) => options.includes(value));
      choice[s.id] = chosen.length || s.default === null ? chosen : [s.default];
    }
    return choice;
  };

  const write = (choice) => {
    const address = new URLSearchParams();
    for (const [name, value] of Object.entries(choice)) for (const one of [value].flat()) address.append(name, one);
    history.replaceState(null, "", "#" + address);
  };

  // the query string of a chart on this tab
  const query = (dashboard, choice) => {
    const params = new URLSearchParams();
    if (choice.from) params.set("from", choice.from);
    if (choice.to) params.set("to", choice.to);
    for (const s of shown(dashboard, choice)) for (const value of choice[s.id]) params.append(s.id, value);
    return params.toString();
  };

  const shown = (dashboard, choice) => dashboard.selectors.filter((s) => !s.tabs.length || s.tabs.includes(choice.tab));

  const draw = (form, dashboard, choice, changed) => {
    const apply = (part) => changed({ ...choice, ...part });
    form.replaceChildren(
      period(dashboard, choice, apply),
      ...shown(dashboard, choice).map((s) => (s.multi ? many(s, choice, apply) : one(s, choice, apply))),
      make("button", { type: "button", class: "reset", onclick: () => changed(cleared(dashboard, choice)) }, "Сбросить"));
  };

  const cleared = (dashboard, choice) => ({
    tab: choice.tab, ...dashboard.period,
    ...Object.fromEntries(dashboard.selectors.map((s) => [s.id, s.default === null ? [] : [s.default]])),
  });

  const shift = (iso, days) => {
    const date = new Date(iso + "T00:00:00Z");
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
  };

  const period = (dashboard, choice, apply) => {
    const { from, to } = dashboard.bounds;
    const day = (name, title) => make("input", { type: "date", "aria-label": title, value: choice[name], min: from, max: to, "data-testid": `filter-${name}`,
      onchange: (e) => e.target.value && apply({ [name]: e.target.value }) });
    const preset = (title, start) => make("button", { type: "button", "aria-pressed": String(choice.from === start && choice.to === to), onclick: () => apply({ from: start, to }) }, title);
    const names = { 30: "30 дней", 90: "90 дней", 180: "полгода", 365: "год" };
    const presets = dashboard.presets.filter((days) => shift(to, 1 - days) > from).map((days) => preset(names[days] || `${days} дней`, shift(to, 1 - days)));
    return make("fieldset", { class: "period" }, make("legend", {}, "Период"), day("from", "С"), "–", day("to", "По"), ...presets, preset("всё", from));
  };

  const one = (s, choice, apply) => make("label", {}, make("span", {}, s.title),
    make("select", { "data-testid": s.id, onchange: (e) => apply({ [s.id]: [e.target.value] }) },
      ...s.options.map(([value, title]) => make("option", { value, selected: choice[s.id][0] === value ? "" : null }, title))));

  const many = (s, choice, apply) => {
    const chosen = choice[s.id];
    const names = s.options.filter(([value]) => chosen.includes(value)).map(([, title]) => title);
    const text = !names.length ? "все" : names.length === 1 ? names[0] : `${names.length} из ${s.options.length}`;
    const boxes = s.options.map(([value, title]) => make("label", {},
      make("input", { type: "checkbox", value, checked: chosen.includes(value) ? "" : null,
        onchange: (e) => apply({ [s.id]: e.target.checked ? [...chosen, value] : chosen.filter((v) => v !== value) }) }), title));
    return make("div", { class: "many" }, make("span", {}, s.title),
      make("details", { "data-testid": s.id }, make("summary", { "aria-label": `${s.title}: ${text}` }, text), make("div", { class: "options" }, ...boxes)));
  };

  return { read, write, query, draw };
})();
