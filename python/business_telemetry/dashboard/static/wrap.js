// Text in lines of so many letters; a word that is longer is divided after a vowel. Pure.

const VOWELS = /[аеёиоуыэюяaeiouy]/i;
const LEAST = 2; // letters on each side of a division

const divide = (word, letters) => {
  if (word.length <= letters) return [word];
  let end = letters - 1;
  while (end > LEAST && !VOWELS.test(word[end - 1])) end--;
  if (end <= LEAST) end = letters - 1;
  if (word.length - end < LEAST) end = word.length - LEAST;
  return [`${word.slice(0, end)}-`, ...divide(word.slice(end), letters)];
};

export const wrap = (text, letters) => {
  const lines = [];
  for (const part of String(text).split(" ").flatMap((word) => divide(word, letters))) {
    const last = lines[lines.length - 1];
    if (last !== undefined && !last.endsWith("-") && `${last} ${part}`.length <= letters) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines.join("\n");
};
