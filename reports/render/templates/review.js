"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const { key, items } = JSON.parse($("items").textContent);
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const radios = (item) => Array.from(document.getElementsByName(item));
  const chosen = (item) => radios(item).find((radio) => radio.checked);
  const box = (item) => $(`item-${item}`);
  const boxes = items.map(box);

  // Answers are kept in this browser under the review's own key, so that a closed tab loses nothing. A browser that keeps
  // nothing (private windows, blocked storage) still saves the file.
  const kept = () => {
    try {
      const found = JSON.parse(localStorage.getItem(key) ?? "{}");
      return found && typeof found === "object" ? found : {};
    } catch {
      return {};
    }
  };
  const keep = () => {
    const answers = Object.fromEntries(items.filter(chosen).map((item) => [item, chosen(item).value]));
    try {
      Object.keys(answers).length ? localStorage.setItem(key, JSON.stringify(answers)) : localStorage.removeItem(key);
      $("kept").textContent = "Kept in this browser";
    } catch {
      $("kept").textContent = "This browser keeps nothing: save before you close the page";
    }
  };
  const count = () => {
    const done = items.filter(chosen);
    $("done").textContent = `${done.length} of ${items.length}`;
    $("share").value = done.length;
    items.forEach((item, at) => boxes[at].classList.toggle("answered", Boolean(chosen(item))));
  };

  let here = -1;
  const go = (at) => {
    if (at < 0 || at >= items.length) return;
    boxes[here]?.classList.remove("here");
    here = at;
    boxes[at].classList.add("here");
    boxes[at].focus({ preventScroll: true });
    boxes[at].scrollIntoView({ block: "nearest" });
  };
  const unanswered = () => {
    const order = items.map((_, i) => (here + 1 + i + items.length) % items.length);
    const next = order.find((at) => !chosen(items[at]));
    if (next !== undefined) go(next);
  };
  document.addEventListener("focusin", (event) => {
    const at = boxes.indexOf(event.target.closest("fieldset"));
    if (at < 0 || at === here) return;
    boxes[here]?.classList.remove("here");
    here = at;
    boxes[at].classList.add("here");
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = { j: () => go(here + 1), k: () => go(Math.max(0, here - 1)), n: unanswered }[event.key];
    if (way) { event.preventDefault(); way(); return; }
    if (!/^[0-9]$/.test(event.key)) return;
    event.preventDefault();
    if (here < 0) go(0);
    const choices = radios(items[here]);
    if (event.key === "0") choices.forEach((radio) => { radio.checked = false; });
    else if (choices[event.key - 1]) choices[event.key - 1].checked = true;
    else return;
    count();
    keep();
    if (event.key !== "0") go(here + 1);
  });
  document.addEventListener("change", () => { count(); keep(); });
  $("save").addEventListener("click", () => {
    const rows = items.map((item) => [item, chosen(item)?.value ?? ""].map(quoted).join(","));
    const url = URL.createObjectURL(new Blob([["item,label", ...rows].join("\r\n") + "\r\n"], { type: "text/csv" }));
    Object.assign(document.createElement("a"), { href: url, download: "sheet.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  });
  $("forget").addEventListener("click", () => {
    document.querySelectorAll("input:checked").forEach((radio) => { radio.checked = false; });
    count();
    keep();
    $("kept").textContent = "Forgotten";
  });

  const before = kept();
  items.forEach((item) => radios(item).forEach((radio) => { radio.checked = radio.value === before[item]; }));
  count();
  if (items.some(chosen)) $("kept").textContent = "Brought back what was kept in this browser";
})();
