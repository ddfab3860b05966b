
// Filters: in the form, as chips, and in the address, so that a list can be sent to somebody else. ----------------------------
const CHOICES = { recipe: "filter-recipe", label: "filter-label", answer: "filter-answer" };
const NUMBERS = { fall: "filter-fall", words: "filter-words", similarity: "filter-similarity" };
const TITLES = {
  recipe: "recipe", label: "right answer", answer: "answered", slice: "slice", word: "word", edit: "edit", place: "position",
  fall: "fall at least", words: "words at most", similarity: "similarity at least", text: "search",
};
const chosen = (select, value) => { select.value = value; if (select.selectedIndex < 0) select.value = ""; };

const showFilters = () => {
  Object.entries(CHOICES).forEach(([key, id]) => chosen($(id), state[key] === "" ? "" : String(names.indexOf(state[key]))));
  chosen($("filter-slice"), state.slice === "" ? "" : String(book.slices.indexOf(state.slice)));
  Object.entries(NUMBERS).forEach(([key, id]) => { if ($(id).value !== state[key]) $(id).value = state[key]; });
  if ($("filter-text").value !== state.text) $("filter-text").value = state.text;
  table.querySelectorAll("th[data-key]").forEach((th) =>
    th.setAttribute("aria-sort", th.dataset.key !== state.key ? "none" : state.down ? "descending" : "ascending"));
  $("sort-key").value = state.key;
  $("sort-way").textContent = state.down ? "Descending" : "Ascending";
  $("sort-way").disabled = state.key === "order";
  $("filter-chips").replaceChildren(...Object.keys(NONE).filter((key) => state[key] !== "").map((key) => {
    const off = button("chip", "", () => { change_({ [key]: "" }); $("filter-text").focus(); });
    off.append(`${TITLES[key]} `, el("b", "", bdi(...inked(state[key]))), el("span", "unseen", ": take this filter off"), el("span", "off", "×"));
    off.lastChild.setAttribute("aria-hidden", "true");
    return el("li", "", off);
  }));
};

// The address: #failures?recipe=…&word=… ; written without a step in the history for each letter that is typed.
const written = () => {
  const said = new URLSearchParams(Object.entries(state).filter(([key, value]) => key in NONE && value !== ""));
  if (state.key !== "order") said.set("sort", `${state.key}${state.down ? "-down" : ""}`);
  return String(said);
};
const readFilters = (query) => {
  const said = new URLSearchParams(query);
  const wanted = Object.fromEntries(Object.keys(NONE).map((key) => [key, said.get(key) ?? ""]));
  Object.keys(NUMBERS).forEach((key) => { if (!Number.isFinite(Number(wanted[key]))) wanted[key] = ""; });
  const [key, way] = (said.get("sort") ?? "order").split("-");
  Object.assign(state, wanted, Object.hasOwn(keys, key) ? { key, down: way === "down" } : { key: "order", down: false });
};
const rewrite = (hash) => { if (location.hash !== hash) history.replaceState(null, "", hash || " "); };
const change_ = (changes) => {
  Object.assign(state, changes);
  show();
  const query = written();
  if (query || location.hash.startsWith("#failures?")) rewrite(query ? `#failures?${query}` : "#failures");
};
const sortBy = (key) => change_({ key, down: key === state.key && key !== "order" ? !state.down : ["queries", "flip", "similarity"].includes(key) });

const wireFilters = () => {
  let waiting = 0;
  const soon = (key) => (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change_({ [key]: event.target.value }), 120);
  };
  Object.entries(CHOICES).forEach(([key, id]) =>
    $(id).addEventListener("change", (event) => change_({ [key]: event.target.value === "" ? "" : names[event.target.value] })));
  $("filter-slice").addEventListener("change", (event) => change_({ slice: event.target.value === "" ? "" : book.slices[event.target.value] }));
  Object.entries({ ...NUMBERS, text: "filter-text" }).forEach(([key, id]) => $(id).addEventListener("input", soon(key)));
  $("sort-key").addEventListener("change", (event) => sortBy(event.target.value));
  $("sort-way").addEventListener("click", () => change_({ down: !state.down }));
  $("page-size").addEventListener("change", (event) => { size = Number(event.target.value); show(); });
  $("failure-more").addEventListener("click", () => { more()?.focus({ preventScroll: true }); });
  $("filter-form").addEventListener("submit", (event) => event.preventDefault());
  $("filter-reset").addEventListener("click", () => { change_({ ...NONE }); $("filter-text").focus(); });
  table.querySelectorAll("th[data-key]").forEach((th) => {
    const sort = button("sort", "", () => sortBy(th.dataset.key));
    sort.append(...th.childNodes);
    th.replaceChildren(sort);
  });
};
