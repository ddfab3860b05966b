
// The page's data, and how its texts are drawn: text nodes only, never markup. -----------------------------------------------
const $ = (id) => document.getElementById(id);
const book = JSON.parse($("failure-data").textContent);
const { names, hidden } = book;
const number = new Intl.NumberFormat("en");

const el = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
};
const bdi = (...children) => el("bdi", "", ...children);
const button = (className, text, act) => {
  const node = el("button", className, text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
};

// Texts come with hidden characters as numbers between marks: 200B, 200B*3, or @0430 behind a letter that looks like another.
const MARK = "\u007f";
const badge = (coded) => {
  const [code, times] = coded.split("*");
  const [short, name] = hidden[code];
  const many = times ? ` ×${number.format(times)}` : "";
  const node = el("span", "glyph", `⟨${short ? short + " " : ""}U+${code}${many}⟩`);
  node.title = name;
  return node;
};
const marked = (coded) => (coded.startsWith("@") ? el("span", "point", `U+${coded.slice(1)}`) : badge(coded));
const inked = (text) => text.split(MARK).flatMap((part, i) => (i % 2 ? [marked(part)] : part ? [part] : []));
const readable = (text) => text.split(MARK).filter((_, i) => i % 2 === 0).join("");
const replaced = (text, instead) => text.split(MARK).map((part, i) => {
  if (i % 2 === 0) return part;
  if (part.startsWith("@")) return "";
  const [code, times] = part.split("*");
  return instead(parseInt(code, 16), code).repeat(Number(times ?? 1));
}).join("");
// As it was; and for readers, as every file of the run writes it.
const exact = (text) => replaced(text, (point) => (point > 0xffff ? String.fromCodePoint(point) : String.fromCharCode(point)));
const spelled = (text) => replaced(text, (_, code) => `⟨U+${code}⟩`);

const skip = (count) => el("span", "skip", `… ${number.format(count)} characters …`);
const change = (piece) => {
  const node = el(piece[0] ? "ins" : "del");
  piece.slice(1).forEach((part, i) => {
    if (typeof part === "number") node.append(skip(part));
    else if (part) i % 2 ? node.append(el("b", "", ...inked(part))) : node.append(...inked(part));
  });
  return node;
};
const drawn = (piece) => (typeof piece === "number" ? [skip(piece)] : typeof piece === "string" ? inked(piece) : [change(piece)]);
const merged = (diff) => diff.flatMap(drawn);
const oneSide = (diff, other) => diff.filter((p) => !Array.isArray(p) || p[0] !== other).flatMap(drawn);
const shade = (part) => {
  if (!Array.isArray(part)) return inked(part);
  return [el("mark", "", ...inked(part[0]), el("span", "tag", ...inked(names[part[1]])))];
};
const lean = (part) => {
  if (!Array.isArray(part)) return inked(part);
  const [text, level, figure] = part;
  return [el("mark", level < 0 ? "lean against" : `lean lean-${level}`, ...inked(text), ...(figure ? [el("span", "tag", figure)] : []))];
};
const fixed = (value) => (value === null ? "–" : value.toFixed(2));
const signed = (value) => (value === null ? "–" : (value > 0 ? "−" : value < 0 ? "+" : "") + Math.abs(value).toFixed(2));
