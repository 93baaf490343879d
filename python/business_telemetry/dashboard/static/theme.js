// Colours: of the page for charts, and of cells by value.

const PALETTES = {
  blue: [[59, 130, 246]],
  "red-orange-green": [[239, 68, 68], [245, 158, 11], [34, 197, 94]],
  "green-orange-red": [[34, 197, 94], [245, 158, 11], [239, 68, 68]],
};
const NAMES = "text soft line card land border band alarm series ramp accent then".split(" ");

export const theme = () => {
  const style = getComputedStyle(document.documentElement);
  const found = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return {
    ...found, series: found.series.split(" "), ramp: found.ramp.split(" "),
    font: getComputedStyle(document.body).fontFamily,
  };
};

export const toggleDark = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};

// background of a value between min and max
export const heat = (palette, value, [min, max]) => {
  if (value === null || value === undefined || !(max > min)) return "";
  const t = Math.min(1, Math.max(0, (value - min) / (max - min)));
  const colors = PALETTES[palette];
  if (colors.length === 1) return `rgba(${colors[0].join(",")},${(0.04 + 0.46 * t).toFixed(3)})`;
  const i = Math.min(colors.length - 2, Math.floor(t * (colors.length - 1)));
  const f = t * (colors.length - 1) - i;
  const mixed = colors[i].map((c, k) => Math.round(c + (colors[i + 1][k] - c) * f));
  return `rgba(${mixed.join(",")},0.3)`;
};
