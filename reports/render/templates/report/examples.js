
// The grid of examples against recipes, and one example opened. -----------------------------------------------------------------
const GRID_STEP = 20;
const grid = { list: examples, shown: 0, fate: "", text: "", order: "run" };
const fateOf = ({ letters }) => {
  if (letters.includes("w")) return "wrong";
  if (letters.includes("b")) return "broken";
  if (/[eon]/.test(letters)) return "not judged";
  return /^u*$/.test(letters) ? "untested" : "robust";
};
const firstText = (example) => {
  const row = example.trials[0];
  return row ? sideText(row.diff, 1) : example.texts.map((text) => text[1]).join(" · ");
};
// The original alone, as one stretch of plain text.
const original = (diff) => diff.flatMap((piece) => (!Array.isArray(piece) ? [piece] : piece[0] === 1 ? [] : piece.slice(1)));
const scored = (answer, score) => [bdi(...inked(answer)), ...(score === null ? [] : [" ", el("span", "score", fixed(score))])];
const stateMark = (letter, recipe) => {
  const node = el("td", "cell", el("span", `state state-${letter}`), el("span", "unseen", book.states[letter]));
  node.title = `${readable(names[recipe])}: ${book.states[letter]}`;
  return node;
};
const gridRow = (example) => {
  const link = el("a", "", bdi(...inked(example.id)));
  link.href = `#${example.anchor}`;
  const head = el("th", "", link);
  head.scope = "row";
  const text = firstText(example);
  const excerpt = el("td", "excerpt", el("span", "", ...inked(text.length > 90 ? readable(text).slice(0, 90) + "…" : text)));
  const row = el("tr", "", head, excerpt, el("td", "", bdi(...inked(example.reference))), ...Array.from(example.letters, (letter, at) => stateMark(letter, book.recipes[at])));
  row.addEventListener("click", (event) => { if (!event.target.closest("a")) location.hash = example.anchor; });
  return row;
};
const showGrid = (again = true) => {
  if (again) {
    const wanted = grid.text.trim().toLowerCase();
    grid.list = examples.filter((e) => (!grid.fate || fateOf(e) === grid.fate)
      && (!wanted || readable(`${e.id}\n${firstText(e)}`).toLowerCase().includes(wanted)));
    const broken = (e) => Array.from(e.letters).filter((letter) => letter === "b").length;
    if (grid.order === "broken") grid.list.sort((a, b) => broken(b) - broken(a) || a.order - b.order);
    grid.shown = 0;
    $("grid").tBodies[0].replaceChildren();
  }
  const next = grid.list.slice(grid.shown, grid.shown + GRID_STEP).map(gridRow);
  grid.shown += next.length;
  $("grid").tBodies[0].append(...next);
  const left = grid.list.length - grid.shown;
  const of = grid.list.length === examples.length ? "" : `, filtered from ${number.format(examples.length)}`;
  $("grid-count").textContent = `${grid.list.length ? `${number.format(grid.shown)} of ${number.format(grid.list.length)}` : "No"} example${grid.list.length === 1 ? "" : "s"}${of}`;
  $("grid-more").hidden = left === 0;
  $("grid-more").textContent = `Show ${number.format(Math.min(GRID_STEP, left))} more of ${number.format(left)}`;
  return next[0];
};

// One example: what it is, then each recipe on it.
let opened = null;
const trialOf = (example, recipe, letter, at) => {
  const row = example.trials.find((trial) => trial.recipe === names[recipe]);
  const head = el("h3", "", el("span", `state state-${letter}`), " ", bdi(...inked(names[recipe])), el("span", "sub", book.states[letter]));
  const message = example.errors.find((error) => error[0] === at);
  const block = el("section", "trial", head, ...(message ? [el("p", "small", ...inked(message[1]))] : []));
  if (!row) {
    if ("hxb".includes(letter)) block.append(el("p", "small soft", letter === "b" ? "This failure is in failures.csv beside this file only." : "What it tried is in outcomes.jsonl beside this file only."));
    return block;
  }
  const facts = el("p", "small", ...scored(row.clean, row.cleanScore), " → ", el("b", "", ...scored(row.after, row.afterScore)),
    el("span", "soft", `; ${number.format(row.queries)} quer${row.queries === 1 ? "y" : "ies"}, ${number.format(row.changed)} of ${number.format(row.length)} words changed${row.inserted ? `, ${number.format(row.inserted)} new` : ""}${row.similarity === null ? "" : `, similarity ${fixed(row.similarity)}`}`));
  const diff = el("p", "text diff", ...merged(row.diff));
  diff.dir = "auto";
  block.append(facts, diff);
  if (row.minimal.length) block.append(el("p", "small fewest", el("span", "soft", "Fewest edits that still flip it: "), el("span", "text diff", ...merged(row.minimal))));
  if (row.answer.length) block.append(el("p", "small soft", "Answer, clean → under attack"), el("p", "text diff", ...merged(row.answer)));
  row.shades.forEach((side) => block.append(el("p", "text shaded", ...side.flatMap(shade))));
  row.leaned.forEach((side) => block.append(el("p", "text leaning", ...side.flatMap(lean))));
  if (letter === "b") {
    const link = el("a", "", "In the list of failures");
    link.href = `#${row.anchor}`;
    const copy = button("plain", "Copy as command", (event) => copied(event.target, command(row)));
    block.append(el("p", "actions", link, ...(book.attack.length ? [copy] : [])));
  }
  return block;
};
const openExample = (example) => {
  opened = example;
  $("example-title").replaceChildren("Example ", bdi(...inked(example.id)));
  const pairs = el("dl", "pairs tight", el("dt", "", "Right answer"), el("dd", "", bdi(...inked(example.reference))),
    el("dt", "", "Clean answer"), el("dd", "", ...(example.clean ? scored(example.clean, example.cleanScore) : ["none"])));
  if (example.slices.length) pairs.append(el("dt", "", "Slices"), el("dd", "", ...example.slices.flatMap((at) => [bdi(...inked(book.slices[at])), el("br")])));
  const row = example.trials[0];
  const fields = row ? [[row.field, merged(original(row.diff)), 0], ...row.others.map(([name, text, left]) => [names[name], inked(text), left])]
    : example.texts.map(([name, text, left]) => [names[name], inked(text), left]);
  const texts = fields.map(([name, nodes, left]) => {
    const text = el("p", "text", ...nodes, ...(left ? [skip(left)] : []));
    text.dir = "auto";
    return el("div", "side", el("h3", "", bdi(...inked(name))), text);
  });
  $("example-body").replaceChildren(pairs, el("div", "sides", ...texts), ...Array.from(example.letters, (letter, at) => trialOf(example, book.recipes[at], letter, at)));
  if (!$("example").open) $("example").showModal();
  $("example-body").focus({ preventScroll: true });
  $("example-body").scrollTop = 0;
  const at = grid.list.indexOf(example);
  $("example-back").disabled = at <= 0;
  $("example-forth").disabled = at < 0 || at >= grid.list.length - 1;
};
const stepExample = (step) => {
  const next = grid.list[grid.list.indexOf(opened) + step];
  if (!next) return;
  rewrite(`#${next.anchor}`);
  openExample(next);
};
const wireExamples = () => {
  $("grid-fate").addEventListener("change", (event) => { grid.fate = event.target.value; showGrid(); });
  $("grid-order").addEventListener("change", (event) => { grid.order = event.target.value; showGrid(); });
  let waiting = 0;
  $("grid-text").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { grid.text = event.target.value; showGrid(); }, 120);
  });
  $("grid-form").addEventListener("submit", (event) => event.preventDefault());
  $("grid-more").addEventListener("click", () => showGrid(false)?.querySelector("a").focus());
  $("example-back").addEventListener("click", () => stepExample(-1));
  $("example-forth").addEventListener("click", () => stepExample(1));
  $("example-link").addEventListener("click", (event) => copied(event.target, `${location.href.split("#")[0]}#${opened.anchor}`));
  $("example-close").addEventListener("click", () => $("example").close());
  // The event comes a moment after the closing; by then another example may be open, and the address its own.
  $("example").addEventListener("close", () => { if (!$("example").open && location.hash.startsWith("#example-")) rewrite("#examples"); });
  showGrid();
};
