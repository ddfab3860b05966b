
// The keyboard. ---------------------------------------------------------------------------------------------------------------
const typing = (node) => node.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]") !== null;
const current = () => table?.querySelector("tbody.here") ?? null;
const currentRow = () => { const body = current(); return body && found.find((row) => row.anchor === body.id); };
const step = (way) => {
  const here = current();
  if (!here) { if (found.length) arrive(table.tBodies[0]); return; }
  let next = way > 0 ? here.nextElementSibling : here.previousElementSibling;
  if (way > 0 && !next && shown < found.length) next = more();
  if (next?.matches("tbody")) arrive(next);
};
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => { const details = current()?.querySelector("details"); if (details) details.open = !details.open; },
  e: () => { const row = currentRow(); if (row) location.hash = exampleAnchor(row.id); },
  c: () => { current()?.querySelector("[data-act=command]")?.click(); },
  "/": () => { if (table) { $("filter-text").scrollIntoView({ block: "center" }); $("filter-text").focus(); } },
  g: () => { location.hash = "examples"; },
  "?": () => $("keys").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  if ($("keys").open) return;
  if ($("example")?.open) {
    if (event.key === "j" || event.key === "k") { event.preventDefault(); stepExample(event.key === "j" ? 1 : -1); }
    return;
  }
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});
