// Words: the page carries both languages, and what is on it is drawn anew when the reader switches.

let language = data.lang; // only what the page starts with
const languageListeners = [];
/** Call something whenever the language has changed, before the page is drawn anew. */
const onLanguage = (listener) => languageListeners.push(listener);

/** The word for a key, with {name} replaced by values. */
function t(key, values) {
  const text = data.words[language][key];
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => values[name]) : text;
}

/** A text of the data: {zh, en}, or one that is the same in both languages. */
const say = (text) => (text !== null && typeof text === "object" ? text[language] : text);
const htmlLang = () => (language === "zh" ? "zh-CN" : "en");

// Kinds and circles are asked for their label everywhere: it is that of the language of now.
[...data.kinds, ...data.circles].forEach((entry) => {
  const labels = entry.label;
  Object.defineProperty(entry, "label", { get: () => say(labels) });
  Object.defineProperty(entry, "labels", { value: labels });
});

const numberFormats = {};
function numberFormat(digits) {
  const key = `${language}${digits}`;
  numberFormats[key] = numberFormats[key] || new Intl.NumberFormat(htmlLang(), {
    minimumFractionDigits: digits === 1 ? 1 : 0, maximumFractionDigits: digits,
  });
  return numberFormats[key];
}

/** A number as text, or a dash where there is none. */
const number = (value, digits = 0) => (value === null ? "–" : numberFormat(digits).format(value));
const percent = (share) => (share === null ? "–" : `${numberFormat(1).format(Math.floor(share * 1000 + 1e-6) / 10)}%`);

function setLanguage(chosen) {
  if (chosen === language) return;
  language = chosen;
  languageListeners.forEach((listener) => listener());
}

// Names come from strangers: of any length, in any script, with marks that turn the text around.

/** At most so many characters of a text on one line, never half of one. */
function shortened(text, longest) {
  const start = [...text.slice(0, 2 * longest + 2)];
  if (start.length <= longest && text.length <= 2 * longest + 2) return text.replace(/\s+/g, " ");
  return `${start.slice(0, longest - 1).join("")}…`.replace(/\s+/g, " ");
}

/** A name inside a sentence: first-strong isolate, and its end, keep its direction to itself. */
const isolated = (text) => `\u2068${text}\u2069`;

/** A name as an element of its own: shortened, with all of it in the title. */
function nameOf(text, longest = 60) {
  const short = shortened(text, longest);
  return el("bdi", short === text ? null : { title: text }, short);
}

/** A text that may be very long: its beginning, and all of it on demand. */
function longText(text, longest = 160) {
  if (text === null || text === undefined || text === "") return null;
  if (shortened(text, longest) === text.replace(/\s+/g, " ")) return el("bdi", {}, text);
  return el("details", { class: "lc-long" }, el("summary", {}, nameOf(text, longest)), el("bdi", {}, text));
}
