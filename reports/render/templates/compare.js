"use strict";
// The examples that moved: searched, filtered, a stretch at a time; the filter stands in the address.
(() => {
  const STEP = 20;
  const form = document.getElementById("finder");
  if (!form) return;
  const field = (name) => document.getElementById(`find-${name}`);
  const fields = { text: field("text"), recipe: field("recipe"), label: field("label") };
  const number = new Intl.NumberFormat("en");
  const groups = Array.from(document.querySelectorAll(".moved"), (section) => ({
    section, items: Array.from(section.querySelectorAll("ol > li"), (node) => ({ node, text: node.textContent.toLowerCase() })), limit: STEP,
  }));

  const wanted = () => Object.fromEntries(Object.entries(fields).map(([name, node]) => [name, node.value]));
  const fits = ({ node, text }, { text: searched, recipe, label }) =>
    text.includes(searched.trim().toLowerCase()) && (!recipe || node.dataset.recipes.split("\n").includes(recipe)) && (!label || node.dataset.label === label);
  const show = () => {
    const asked = wanted();
    groups.forEach((group) => {
      const found = group.items.filter((item) => fits(item, asked));
      const shown = new Set(found.slice(0, group.limit));
      group.items.forEach((item) => { item.node.hidden = !shown.has(item); });
      const of = found.length === group.items.length ? "" : `, filtered from ${number.format(group.items.length)}`;
      group.section.querySelector(".count").textContent = `${found.length ? `${number.format(shown.size)} of ${number.format(found.length)}` : "No"} example${found.length === 1 ? "" : "s"}${of}`;
      const left = found.length - shown.size;
      const more = group.section.querySelector(".more");
      more.hidden = left === 0;
      more.textContent = `Show ${number.format(Math.min(STEP, left))} more of ${number.format(left)}`;
      group.found = found;
    });
  };
  const change = () => {
    groups.forEach((group) => { group.limit = STEP; });
    show();
    const query = String(new URLSearchParams(Object.entries(wanted()).filter(([, value]) => value)));
    history.replaceState(null, "", query ? `#moved?${query}` : "#finder");
  };
  const go = (item, group) => {
    const at = group.found.indexOf(item);
    if (at >= group.limit) { group.limit = at + 1; show(); }
    item.node.focus({ preventScroll: true });
    item.node.scrollIntoView({ block: "nearest" });
  };
  const all = () => groups.flatMap((group) => group.found.map((item) => [item, group]));
  const route = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("moved?")) {
      const said = new URLSearchParams(hash.slice("moved?".length));
      Object.entries(fields).forEach(([name, node]) => { node.value = said.get(name) ?? ""; if (node.selectedIndex < 0) node.value = ""; });
      show();
      form.scrollIntoView();
      return;
    }
    const place = all().find(([item]) => item.node.id === hash);
    if (place) go(...place);
  };

  let waiting = 0;
  fields.text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(change, 120); });
  [fields.recipe, fields.label].forEach((node) => node.addEventListener("change", change));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("find-reset").addEventListener("click", () => {
    Object.values(fields).forEach((node) => { node.value = ""; });
    change();
    fields.text.focus();
  });
  groups.forEach((group) => group.section.querySelector(".more").addEventListener("click", () => {
    const next = group.found[group.limit];
    group.limit += STEP;
    show();
    next.node.focus({ preventScroll: true });
  }));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); fields.text.focus(); return; }
    if (event.key !== "j" && event.key !== "k") return;
    const places = all();
    const here = places.findIndex(([item]) => item.node === document.activeElement.closest("li"));
    const next = places[event.key === "j" ? here + 1 : Math.max(0, here - 1)];
    if (next) { event.preventDefault(); go(...next); }
  });
  document.querySelectorAll("[data-script]").forEach((node) => { node.hidden = false; });
  window.addEventListener("hashchange", route);
  show();
  route();
})();
