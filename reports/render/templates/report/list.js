
// The list of failures: filtered, sorted, drawn a stretch at a time. -----------------------------------------------------------
const NONE = { recipe: "", label: "", answer: "", slice: "", text: "", word: "", edit: "", place: "", fall: "", words: "", similarity: "" };
const state = { ...NONE, key: "order", down: false };
const table = $("failure-table");
let found = rows, shown = 0, size = 10;

const keys = {
  order: (r) => r.order, recipe: (r) => r.recipe, flip: (r) => r.flip, queries: (r) => r.queries,
  words: (r) => r.changed + r.inserted, similarity: (r) => r.similarity,
};
const compare = (a, b) => {
  const [x, y] = [keys[state.key](a), keys[state.key](b)];
  if (x === null || y === null) return (x === null) - (y === null) || a.order - b.order;
  const way = typeof x === "string" ? x.localeCompare(y) : x - y;
  return (state.down ? -way : way) || a.order - b.order;
};
const matching = () => {
  const wanted = state.text.trim().toLowerCase();
  const slice = state.slice === "" ? -1 : book.slices.indexOf(state.slice);
  const least = (value, bound) => bound === "" || (value !== null && value >= Number(bound));
  return rows.filter((r) =>
    (state.recipe === "" || r.recipe === state.recipe) && (state.label === "" || r.reference === state.label)
    && (state.answer === "" || r.after === state.answer) && (state.slice === "" || Boolean(byId.get(r.id)?.slices.includes(slice)))
    && (state.word === "" || r.words.includes(state.word)) && (state.edit === "" || r.edits.includes(state.edit))
    && (state.place === "" || r.places.includes(state.place)) && least(r.flip, state.fall) && least(r.similarity, state.similarity)
    && (state.words === "" || r.changed + r.inserted <= Number(state.words)) && (!wanted || r.text.includes(wanted)));
};
const say = () => {
  const of = found.length === rows.length ? "" : `, filtered from ${number.format(rows.length)}`;
  const many = found.length ? `${number.format(shown)} of ${number.format(found.length)}` : "No";
  $("failure-count").textContent = `${many} failure${found.length === 1 ? "" : "s"}${of}`;
  const left = found.length - shown;
  $("failure-more").hidden = left === 0;
  $("failure-more").textContent = `Show ${number.format(Math.min(size, left))} more of ${number.format(left)}`;
  $("failure-none").hidden = found.length > 0;
};
const more = (least = 0) => {
  const next = found.slice(shown, Math.max(shown + size, least));
  shown += next.length;
  const bodies = next.map(drawRow);
  table.append(...bodies);
  say();
  return bodies[0];
};
const show = () => {
  found = matching().sort(compare);
  shown = 0;
  table.querySelectorAll("tbody").forEach((body) => body.remove());
  more();
  showFilters();
};
// Show one failure wherever it is, dropping the filters where they hide it.
const goTo = (row) => {
  if (!found.includes(row)) { Object.assign(state, NONE); show(); }
  const at = found.indexOf(row);
  if (at >= shown) more(at + 1);
  arrive($(row.anchor));
};
const arrive = (body) => {
  table.querySelectorAll(".here").forEach((other) => other.classList.remove("here"));
  body.classList.add("here");
  body.focus({ preventScroll: true });
  body.scrollIntoView({ block: "nearest" });
};
