// What all charts share, and which function draws which type. Pure functions; colours come from the theme.
import * as Format from "./format.js";

export const FEW = "мало данных";

export const base = (theme) => ({
  animation: false,
  color: theme.series,
  textStyle: { fontFamily: theme.font, color: theme.text },
  grid: { left: 8, right: 26, top: 36, bottom: 6, containLabel: true },
  aria: { enabled: true },
});

export const tooltip = (theme, extra) => ({
  confine: true, backgroundColor: theme.card, borderColor: theme.line,
  textStyle: { color: theme.text, fontSize: 12 }, ...extra,
});

export const legend = (theme, names) => ({
  show: names.length > 1, type: "scroll", top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10,
  textStyle: { color: theme.soft, fontSize: 12 }, pageTextStyle: { color: theme.soft },
  pageIconColor: theme.soft, pageIconInactiveColor: theme.line,
  data: names.map((name) => (typeof name === "string" ? name : { name: name.name, icon: THIN })),
});
const THIN = "path://M0 4h12v2H0z"; // of a thin line

// ticks need no decimals unless the numbers are small
export const valueAxis = (theme, field, extra) => ({
  type: "value", splitNumber: 4,
  axisLabel: {
    color: theme.soft, hideOverlap: true,
    formatter: (v) => Format.number(v, { ...field.format, precision: Math.abs(v) < 0.1 && v ? 1 : 0 }, true),
  },
  splitLine: { lineStyle: { color: theme.line } }, ...extra,
});

export const ramp = (theme, values, format) => ({
  min: Math.min(...values), max: Math.max(...values), orient: "horizontal", left: "center", bottom: 0,
  itemHeight: 110, itemWidth: 10, textStyle: { color: theme.soft, fontSize: 11 },
  text: [Math.max(...values), Math.min(...values)].map((v) => Format.number(v, format, true)),
  inRange: { color: theme.ramp },
});

// a value with what stands behind it
export const told = (value, field, sample, small) => {
  const text = Format.number(value, field.format);
  return sample !== null && sample !== undefined && sample < small ? `${text} (${FEW}: ${sample})` : text;
};
