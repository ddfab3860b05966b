
// One trial, unpacked and drawn. ---------------------------------------------------------------------------------------------
const pieceText = (piece) => (Array.isArray(piece) ? piece.slice(1) : [piece]).filter((part) => typeof part === "string").join("");
const sideText = (diff, other) => diff.filter((p) => !Array.isArray(p) || p[0] !== other).map(pieceText).join("");
const cut = (diff) => diff.some((piece) => typeof piece === "number" || (Array.isArray(piece) && piece.slice(1).some((part) => typeof part === "number")));
const failureAnchor = (recipe, id) => `failure-${encodeURIComponent(recipe)}/${encodeURIComponent(id)}`;
const exampleAnchor = (id) => `example-${encodeURIComponent(id)}`;

const unpack = (packed, order) => {
  const [id, recipe, reference, clean, after, field, queries, changed, length, similarity, severity, diff, others, scores, inserted,
    [cleanScore, afterScore, flip], [line, words, edits, places], answer = [], shades = [], fresh = "", leaned = [], minimal = []] = packed;
  return {
    order, id, recipe: names[recipe], reference: names[reference], clean: names[clean], after: names[after], field: names[field],
    cleanScore, afterScore, flip, queries, changed, inserted, length, similarity, severity, diff, others, scores, answer, shades, fresh,
    leaned, minimal, line, words: words.map((i) => names[i]), edits: edits.map((i) => names[i]), places: places.map((i) => names[i]),
    anchor: failureAnchor(names[recipe], id), shortened: cut(diff) || others.some((other) => other[2]),
    text: readable([id, sideText(diff, 1), sideText(diff, 0), ...others.map((o) => o[1])].join("\n")).toLowerCase(),
  };
};

const blank = $("failure-row").content.querySelector("tbody");
const drawRow = (row) => {
  const node = blank.cloneNode(true);
  const fill = (slot, ...children) => node.querySelectorAll(`[data-slot="${slot}"]`).forEach((n) => n.replaceChildren(...children));
  node.id = row.anchor;
  fill("recipe", bdi(...inked(row.recipe)));
  fill("severity", row.severity === null ? "" : `severity ${row.severity}`);
  fill("clean", bdi(...inked(row.clean)));
  fill("clean-score", fixed(row.cleanScore));
  fill("after", bdi(...inked(row.after)));
  fill("after-score", fixed(row.afterScore));
  fill("flip", signed(row.flip));
  fill("queries", number.format(row.queries));
  fill("words", `${number.format(row.changed)} of ${number.format(row.length)}${row.inserted ? `, ${number.format(row.inserted)} new` : ""}`);
  fill("similarity", fixed(row.similarity));
  fill("diff", ...merged(row.diff));
  fill("minimal", ...merged(row.minimal));
  fill("original", ...oneSide(row.diff, 1));
  fill("perturbed", ...oneSide(row.diff, 0));
  fill("field", bdi(...inked(row.field)));
  fill("example", bdi(...inked(row.id)));
  fill("reference", bdi(...inked(row.reference)));
  fill("line", `line ${number.format(row.line)}`);
  fill("others", ...row.others.flatMap(([name, text, left]) => [
    el("dt", "", bdi(...inked(names[name]))), el("dd", "text", ...inked(text), ...(left ? [skip(left)] : [])),
  ]));
  fill("scores", ...row.scores.map(([name, a, b]) => {
    const head = el("th", "", bdi(...inked(names[name])));
    head.scope = "row";
    return el("tr", "", head, el("td", "num", fixed(a)), el("td", "num", fixed(b)));
  }));
  fill("answer", ...merged(row.answer));
  fill("fresh", row.fresh);
  fill("shades", ...row.shades.map((side) => el("p", "text shaded", ...side.flatMap(shade))));
  fill("leaned", ...row.leaned.map((side) => el("p", "text leaning", ...side.flatMap(lean))));
  node.querySelectorAll("[data-when]").forEach((n) => { if (!row[n.dataset.when].length) n.remove(); });
  node.querySelector("[data-act=link]").href = `#${row.anchor}`;
  node.querySelector("[data-act=example]").href = `#${exampleAnchor(row.id)}`;
  if (!book.attack.length) node.querySelector("[data-act=command]").remove();
  acts.forEach(([name, act]) => node.querySelector(`[data-act=${name}]`)?.addEventListener("click", (event) => act(row, event)));
  return node;
};

const rows = book.rows.map(unpack);
const attempts = book.attempts.map(unpack);
const examples = book.examples.map(([id, reference, clean, cleanScore, letters, slices = [], texts = [], errors = []], order) => ({
  order, id, reference: names[reference], clean: names[clean], cleanScore, letters, slices, texts, errors, trials: [], anchor: exampleAnchor(id),
}));
const byId = new Map(examples.map((example) => [example.id, example]));
[...rows, ...attempts].forEach((row) => byId.get(row.id)?.trials.push(row));
