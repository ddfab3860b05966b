// The index names the section that is being read.
(() => {
  "use strict";
  const links = new Map(Array.from(document.querySelectorAll(".index a"), (a) => [a.hash.slice(1), a]));
  const seen = new Set();
  const mark = () => {
    const now = Array.from(links.keys()).find((id) => seen.has(id));
    links.forEach((a, id) => (id === now ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current")));
  };
  const watch = new IntersectionObserver((entries) => {
    entries.forEach((e) => (e.isIntersecting ? seen.add(e.target.id) : seen.delete(e.target.id)));
    mark();
  }, { rootMargin: "-60px 0px -55% 0px" });
  document.querySelectorAll("main > section").forEach((section) => watch.observe(section));
})();

// The failure browser: draws rows from the page's data, filters, sorts and pages them.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const source = $("failure-data");
  if (!source) return;
  const { names, hidden, rows: packed } = JSON.parse(source.textContent);
  const table = $("failure-table");
  const blank = $("failure-row").content.querySelector("tbody");
  const number = new Intl.NumberFormat("en");

  // rows: texts come with hidden characters as numbers between marks ----------------------
  const words = (piece) => (Array.isArray(piece) ? piece.slice(1) : [piece]).filter((part) => typeof part === "string").join("");
  const side = (diff, other) => diff.filter((p) => !Array.isArray(p) || p[0] !== other).map(words).join("");
  const unpack = ([id, recipe, reference, clean, after, field, queries, changed, length, similarity, severity, diff, others, scores, inserted, [cleanScore, afterScore, flip], answer = [], shades = [], fresh = "", leaned = []], order) => {
    return {
      order, id, recipe: names[recipe], reference: names[reference], clean: names[clean], after: names[after], field: names[field],
      cleanScore, afterScore, flip, queries, changed, inserted, length, similarity, severity, diff, others, scores, answer, shades, fresh, leaned,
      text: readable([id, side(diff, 1), side(diff, 0), ...others.map((o) => o[1])].join("\n")).toLowerCase(),
    };
  };

  // drawing: text nodes only, never markup ------------------------------------
  const el = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children);
    return node;
  };
  const bdi = (...children) => el("bdi", "", ...children);
  const badge = (coded) => {
    const [code, times] = coded.split("*");
    const [short, name] = hidden[code];
    const many = times ? ` ×${number.format(times)}` : "";
    const node = el("span", "glyph", `⟨${short ? short + " " : ""}U+${code}${many}⟩`);
    node.title = name;
    return node;
  };
  const MARK = "\u007f";
  const marked = (coded) => (coded.startsWith("@") ? el("span", "point", `U+${coded.slice(1)}`) : badge(coded));
  const inked = (text) => text.split(MARK).flatMap((part, i) => (i % 2 ? [marked(part)] : part ? [part] : []));
  const readable = (text) => text.split(MARK).filter((_, i) => i % 2 === 0).join("");
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
    const node = el("mark", "", ...inked(part[0]), el("span", "tag", ...inked(names[part[1]])));
    return [node];
  };
  const lean = (part) => {
    if (!Array.isArray(part)) return inked(part);
    const [text, level, figure] = part;
    return [el("mark", level < 0 ? "lean against" : `lean lean-${level}`, ...inked(text), ...(figure ? [el("span", "tag", figure)] : []))];
  };
  const fixed = (value) => (value === null ? "–" : value.toFixed(2));
  const signed = (value) => (value === null ? "–" : (value > 0 ? "−" : value < 0 ? "+" : "") + Math.abs(value).toFixed(2));

  const drawRow = (row) => {
    const node = blank.cloneNode(true);
    const fill = (slot, ...children) => node.querySelectorAll(`[data-slot="${slot}"]`).forEach((n) => n.replaceChildren(...children));
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
    fill("original", ...oneSide(row.diff, 1));
    fill("perturbed", ...oneSide(row.diff, 0));
    fill("field", bdi(...inked(row.field)));
    fill("example", bdi(...inked(row.id)));
    fill("reference", bdi(...inked(row.reference)));
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
    return node;
  };

  const rows = packed.map(unpack);

  // state: filter, sort, page ---------------------------------------------------
  const state = { recipe: "", label: "", text: "", key: "order", down: false, page: 0, size: 25 };
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
    return rows.filter((r) =>
      (state.recipe === "" || r.recipe === names[state.recipe]) && (state.label === "" || r.reference === names[state.label]) && (!wanted || r.text.includes(wanted)));
  };
  const say = (found, first, last) => {
    const of = found === rows.length ? "" : `, filtered from ${number.format(rows.length)}`;
    const range = found ? `${number.format(first + 1)}–${number.format(last)} of ${number.format(found)}` : "No";
    $("failure-count").textContent = `${range} failure${found === 1 ? "" : "s"}${of}`;
  };
  const showSort = () => {
    table.querySelectorAll("th[data-key]").forEach((th) =>
      th.setAttribute("aria-sort", th.dataset.key !== state.key ? "none" : state.down ? "descending" : "ascending"));
    $("sort-key").value = state.key;
    $("sort-way").textContent = state.down ? "Descending" : "Ascending";
    $("sort-way").disabled = state.key === "order";
  };
  const show = () => {
    const found = matching().sort(compare);
    const pages = Math.max(1, Math.ceil(found.length / state.size));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    const first = state.page * state.size;
    const shown = found.slice(first, first + state.size);
    table.querySelectorAll("tbody").forEach((body) => body.remove());
    table.append(...shown.map(drawRow));
    say(found.length, first, first + shown.length);
    $("page-number").textContent = `Page ${number.format(state.page + 1)} of ${number.format(pages)}`;
    $("page-back").disabled = state.page === 0;
    $("page-next").disabled = state.page >= pages - 1;
    $("failure-none").hidden = found.length > 0;
    showSort();
  };
  const change_ = (changes) => { Object.assign(state, { page: 0 }, changes); show(); };
  const sortBy = (key) => change_({ key, down: key === state.key && key !== "order" ? !state.down : ["queries", "flip", "similarity"].includes(key) });
  const turn = (step) => { state.page += step; show(); table.scrollIntoView({ block: "start" }); };

  // controls ------------------------------------------------------------------
  const choose = (id, key) => $(id).addEventListener("change", (event) => change_({ [key]: event.target.value }));
  choose("filter-recipe", "recipe");
  choose("filter-label", "label");
  let waiting = 0;
  $("filter-text").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change_({ text: event.target.value }), 120);
  });
  $("sort-key").addEventListener("change", (event) => sortBy(event.target.value));
  $("sort-way").addEventListener("click", () => change_({ down: !state.down }));
  $("page-size").addEventListener("change", (event) => change_({ size: Number(event.target.value) }));
  $("page-back").addEventListener("click", () => turn(-1));
  $("page-next").addEventListener("click", () => turn(1));
  const reset = (recipe = "") => {
    $("filter-recipe").value = recipe;
    $("filter-label").value = $("filter-text").value = "";
    change_({ recipe, label: "", text: "" });
  };
  $("filter-form").addEventListener("submit", (event) => event.preventDefault());
  $("filter-reset").addEventListener("click", () => reset());
  document.querySelectorAll("a[data-recipe]").forEach((a) => a.addEventListener("click", () => reset(a.dataset.recipe)));
  table.querySelectorAll("th[data-key]").forEach((th) => {
    const button = el("button", "sort", ...th.childNodes);
    button.type = "button";
    button.addEventListener("click", () => sortBy(th.dataset.key));
    th.replaceChildren(button);
  });
  document.querySelectorAll("[data-script]").forEach((node) => { node.hidden = false; });
  document.querySelectorAll("[data-noscript]").forEach((node) => { node.hidden = true; });
  show();
})();
