
// Copying, commands and downloads. ---------------------------------------------------------------------------------------------
const toClipboard = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no permission, or not a secure place: the old way, which a click may always use
    const area = el("textarea", "unseen");
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};
const copied = async (node, text) => {
  const before = node.textContent;
  if (text !== null) await toClipboard(text);
  node.textContent = text === null ? "No command can hold this text" : "Copied";
  $("heard").textContent = node.textContent;
  setTimeout(() => { node.textContent = before; $("heard").textContent = ""; }, 1500);
};

// The run's folder, as the page says it, or where the page was opened from a disk: elsewhere nobody knows where it lies.
const folder = () => {
  if (document.body.dataset.folder !== undefined) return document.body.dataset.folder || null;
  if (location.protocol !== "file:") return null;
  try {
    const path = decodeURIComponent(location.pathname.replace(/\/[^/]*$/, ""));
    return path.replace(/^\/(?=[A-Za-z]:\/)/, "") || "/";
  } catch {
    return null;
  }
};

// One argument for a POSIX shell, or null where no argument can hold it. What a terminal would obey or hide is written as an
// escape, so that a pasted line looks as it is: $'…' is understood by bash, zsh and ksh.
const shellQuoted = (coded) => {
  const text = exact(coded);
  if (text.includes("\0") || !text.isWellFormed()) return null;
  if (/^[\w@%+=:,.\/-]+$/.test(text)) return text;
  const hides = text.includes("\n") || text.includes("\t") || coded.includes(MARK) && exact(coded) !== readable(coded);
  if (!hides) return `'${text.replaceAll("'", "'\\''")}'`;
  const escape = (point, code) => (point < 0x80 ? `\\x${code.slice(-2).padStart(2, "0")}` : point > 0xffff ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`);
  const plain = coded.split(MARK).map((part, i) => (i % 2 ? part : part.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\t", "\\t")));
  return `$'${replaced(plain.join(MARK), escape)}'`;
};
const joined = (coded) => {
  const parts = coded.map(shellQuoted);
  return parts.includes(null) ? null : parts.join(" ");
};
// The attack on this text again. A text that the page shortened is read from the run.
const command = (row) => {
  const flags = [...book.attack, "--label", row.reference, "--recipe", row.recipe];
  const texts = book.fields.map((name) => (name === row.field ? sideText(row.diff, 1) : (row.others.find((o) => names[o[0]] === name) ?? [0, ""])[1]));
  if (!row.shortened && texts[0] !== "-") {
    const line = joined([...flags, "--", ...texts]);
    return line && `robustness attack ${line}`;
  }
  const rest = book.fields.length === 1 ? joined(flags) : null;
  if (!rest) return null;
  const place = folder();
  const file = place === null ? "RUN/failures.jsonl" : shellQuoted(`${place}/failures.jsonl`);
  const field = shellQuoted(row.field);
  return `sed -n ${row.line}p ${file} | python3 -c 'import json, sys; print(json.load(sys.stdin)["texts"][sys.argv[1]])' ${field} | robustness attack ${rest} -- -`;
};
const acts = [
  ["text", (row, event) => copied(event.target, exact(sideText(row.diff, 0)))],
  ["original", (row, event) => copied(event.target, exact(sideText(row.diff, 1)))],
  ["command", (row, event) => copied(event.target, command(row))],
  ["link", (row, event) => copied(event.target, `${location.href.split("#")[0]}#${row.anchor}`)],
];

// Downloads hold the failures that the filters leave, in the order of the page.
const COLUMNS = {
  example_id: (r) => r.id, recipe: (r) => r.recipe, reference: (r) => r.reference, before: (r) => r.clean, before_score: (r) => r.cleanScore,
  after: (r) => r.after, after_score: (r) => r.afterScore, original: (r) => sideText(r.diff, 1), perturbed: (r) => sideText(r.diff, 0),
  severity: (r) => r.severity, queries: (r) => r.queries, words_changed: (r) => r.changed, words: (r) => r.length, words_inserted: (r) => r.inserted,
  similarity: (r) => r.similarity, shortened: (r) => r.shortened,
};
const values = (row, text) => Object.entries(COLUMNS).map(([name, of]) => [name, typeof of(row) === "string" ? text(of(row)) : of(row)]);
// A spreadsheet runs no cell of it: what begins like a formula gets an apostrophe.
const cell = (value) => {
  if (typeof value !== "string") return value ?? "";
  const safe = /^\s*[=+\-@＝＋－＠]|^[\t\n]/u.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const asCsv = () => `\ufeff${[Object.keys(COLUMNS), ...found.map((row) => values(row, spelled).map(([, value]) => value))].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
const ascii = (text) => text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const asJsonl = () => found.map((row) => `${ascii(JSON.stringify(Object.fromEntries(values(row, exact))))}\n`).join("");
const download = (name, type, text) => {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};

const wireCopies = () => {
  document.querySelectorAll("[data-copy]").forEach((node) =>
    node.addEventListener("click", () => copied(node, node.parentElement.querySelector("code").textContent)));
  $("export-csv")?.addEventListener("click", () => download("failures-chosen.csv", "text/csv", asCsv()));
  $("export-jsonl")?.addEventListener("click", () => download("failures-chosen.jsonl", "application/jsonl", asJsonl()));
  const place = folder();
  if (place === null) return;
  const quoted = shellQuoted(place);
  document.querySelectorAll("[data-run]").forEach((code) => {
    code.textContent = code.textContent.split(" ").map((word) => (word === "RUN" ? quoted : word)).join(" ");
  });
  document.querySelectorAll("[data-run-note]").forEach((note) => { note.hidden = false; });
};
