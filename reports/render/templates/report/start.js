
// Everything is there: show what needs a script, then what the address asks for. -----------------------------------------------
document.documentElement.classList.add("scripted");
document.querySelectorAll("[data-script]").forEach((node) => { node.hidden = false; });
document.querySelectorAll("[data-noscript]").forEach((node) => { node.hidden = true; });
document.querySelectorAll("a[data-filter]").forEach((link) => { link.href = `#failures?${link.dataset.filter}`; });

const route = () => {
  const hash = location.hash.slice(1);
  const example = hash.startsWith("example-") && examples.find((one) => one.anchor === hash);
  if (!example && $("example")?.open) $("example").close();
  if (example) openExample(example);
  else if (hash.startsWith("failures?") && table) {
    readFilters(hash.slice("failures?".length));
    show();
    $("failures").scrollIntoView();
  } else if (hash.startsWith("failure-") && table) {
    const row = rows.find((one) => one.anchor === hash);
    if (row) goTo(row);
  }
};
if (table) {
  wireFilters();
  show();
}
if (examples.length) wireExamples();
wireCopies();
$("keys-open")?.addEventListener("click", () => $("keys").showModal());
$("keys-close").addEventListener("click", () => $("keys").close());
window.addEventListener("hashchange", route);
route();
