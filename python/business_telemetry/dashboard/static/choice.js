// What the reader chose: from the address and back, and as the query of a chart. Pure functions.

const OWN = ["tab", "from", "to", "vs", "event"];
export const SERIES = ["f_metric", "f_series"];

// {tab, from, to, vs, event, [selector]: [values]} of the address, with defaults where it says nothing
export const read = (dashboard, hash) => {
  const address = new URLSearchParams(hash.replace(/^#/, ""));
  const known = dashboard.tabs.some((tab) => tab.id === address.get("tab"));
  const choice = {
    tab: known ? address.get("tab") : dashboard.tabs[0].id,
    from: address.get("from") || dashboard.period.from,
    to: address.get("to") || dashboard.period.to,
    vs: dashboard.versus.some(([value]) => value === address.get("vs")) ? address.get("vs") : dashboard.versus[0][0],
    event: address.get("event") || null,
  };
  for (const s of dashboard.selectors) {
    const options = s.options.map(([value]) => value);
    const chosen = address.getAll(s.id).filter((value) => options.includes(value));
    choice[s.id] = chosen.length || s.default === null ? chosen : [s.default];
  }
  return around(choice);
};

// the period with the day of the incident that the address names, whose key ends with it
const around = (choice) => {
  const [, day] = /\/(\d{4}-\d\d-\d\d)$/.exec(choice.event || "") || [null, choice.from];
  return { ...choice, from: day < choice.from ? day : choice.from, to: day > choice.to ? day : choice.to };
};

export const namesSeries = (hash) => SERIES.some((id) => new URLSearchParams(hash.replace(/^#/, "")).has(id));

// the address of a choice; of selectors only what is not their default
export const write = (dashboard, choice) => {
  const defaults = Object.fromEntries(dashboard.selectors.map((s) => [s.id, s.default]));
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries(choice)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== defaults[name]) address.append(name, one);
  }
  return `#${address}`;
};

// the event to show of a list: the chosen one; else the first, where the series is named the first of that series
export const shownEvent = (incidents, choice, named) => {
  const events = incidents.flatMap((item) => [item, ...item.members]);
  const chosen = events.find((one) => one.key === choice.event);
  if (chosen || !named) return chosen || incidents[0];
  return events.find((one) => SERIES.every((id) => String(one.choice[id]) === String(choice[id])));
};

// the query string of a chart on this tab
export const query = (dashboard, choice) => {
  const params = new URLSearchParams();
  for (const name of ["from", "to", "vs", "event"]) if (choice[name]) params.set(name, choice[name]);
  for (const s of shown(dashboard, choice)) for (const value of choice[s.id]) params.append(s.id, value);
  return params.toString();
};

export const shown = (dashboard, choice) =>
  dashboard.selectors.filter((s) => !s.tabs.length || s.tabs.includes(choice.tab));

export const cleared = (dashboard, choice) => ({
  tab: choice.tab, ...dashboard.period, vs: dashboard.versus[0][0], event: null,
  ...Object.fromEntries(dashboard.selectors.map((s) => [s.id, s.default === null ? [] : [s.default]])),
});

export const isClear = (dashboard, choice) => write(dashboard, choice) === write(dashboard, cleared(dashboard, choice));

// the choice that a sentence speaks of: the whole shop, whatever was chosen before
export const told = (dashboard, choice, part) => merged(dashboard, cleared(dashboard, choice), part);

// a part of a choice that a press asks for, with only what the dashboard knows
export const merged = (dashboard, choice, part) => {
  const known = new Set([...OWN, ...dashboard.selectors.map((s) => s.id)]);
  const kept = Object.entries(part).filter(([name]) => known.has(name));
  const next = { ...choice, ...Object.fromEntries(kept) };
  for (const s of dashboard.selectors) {
    const options = s.options.map(([value]) => value);
    next[s.id] = next[s.id].filter((value) => options.includes(value));
    if (!next[s.id].length && s.default !== null) next[s.id] = [s.default];
  }
  return next;
};

export const shift = (iso, days) => {
  const date = new Date(iso + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
};

// [{id, value, text}]: what is chosen beyond the defaults, each with its name
export const chips = (dashboard, choice) => shown(dashboard, choice).filter((s) => s.multi).flatMap((s) =>
  choice[s.id].map((value) => ({ id: s.id, value, text: `${s.title}: ${(s.options.find(([v]) => v === value) || [value, value])[1]}` })));
