"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const state = new Map(Object.entries({ sort: "made", order: "descending", search: "", verdict: "" }));
  const usual = new Map(state);
  let quiet = false;

  const recall = () => {
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (usual.has(key)) state.set(key, value);
  };
  const keep = () => {
    const kept = new URLSearchParams([...state].filter(([key, value]) => value !== usual.get(key)));
    const hash = kept.toString();
    if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  };
  const column = (row, key) => {
    const at = [...$("table").tHead.rows[0].cells].findIndex((cell) => cell.dataset.key === key);
    return at < 0 ? "" : row.cells[at].dataset.value || "";
  };
  const apply = () => {
    const body = $("table").tBodies[0];
    const rows = [...body.rows];
    const sign = state.get("order") === "ascending" ? 1 : -1;
    const key = state.get("sort");
    const by = key === "robust" ? (a, b) => column(a, key) - column(b, key) : (a, b) => collator.compare(column(a, key), column(b, key));
    rows.sort((a, b) => sign * by(a, b));
    if (rows.some((row, at) => body.rows[at] !== row)) body.append(...rows);
    const words = state.get("search").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const verdict = state.get("verdict");
      row.hidden = !words.every((word) => text.includes(word)) || (verdict && column(row, "verdict") !== verdict);
      if (!row.hidden) shown += 1;
    }
    const said = shown === rows.length ? `${shown} run${shown === 1 ? "" : "s"}` : `${shown} of ${rows.length} runs`;
    if ($("count").textContent !== said) $("count").textContent = said;
    $("none").hidden = shown > 0;
    for (const cell of $("table").tHead.rows[0].cells) {
      if (cell.dataset.key === key) cell.setAttribute("aria-sort", state.get("order"));
      else cell.removeAttribute("aria-sort");
    }
    choose();
    if (!quiet) keep();
  };
  const choose = () => {
    const form = $("choice");
    if (!form) return;
    const count = form.querySelectorAll("input:checked").length;
    const said = count < 2 ? "Choose two to eight runs." : count > 8 ? `${count} chosen: eight at most.` : `${count} chosen.`;
    form.querySelector("button[type=submit]").disabled = count < 2 || count > 8;
    if ($("chosen").textContent !== said) $("chosen").textContent = said;
  };
  const list = () => {
    for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;
    for (const cell of $("table").tHead.querySelectorAll("th[data-key]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      button.addEventListener("click", () => {
        const again = state.get("sort") === cell.dataset.key;
        const first = ["made", "robust"].includes(cell.dataset.key) ? "descending" : "ascending";
        state.set("order", again ? (state.get("order") === "ascending" ? "descending" : "ascending") : first);
        state.set("sort", cell.dataset.key);
        apply();
      });
    }
    const show = () => {
      quiet = true;
      recall();
      $("search").value = state.get("search");
      $("verdict").value = state.get("verdict");
      apply();
      quiet = false;
    };
    $("search").addEventListener("input", () => { state.set("search", $("search").value); apply(); });
    $("verdict").addEventListener("change", () => { state.set("verdict", $("verdict").value); apply(); });
    $("choice")?.addEventListener("change", choose);
    addEventListener("hashchange", () => { for (const [key, value] of usual) state.set(key, value); show(); });
    addEventListener("pageshow", choose);
    show();
  };

  /* Ask the server again and take over what changed; no markup ever comes from a string that this script made. */
  const rowsOf = (page) => new Map([...page.querySelectorAll("tr[data-run]")].map((row) => [row.dataset.run, row]));
  const takeRows = (page) => {
    const before = rowsOf(document);
    for (const [id, row] of rowsOf(page)) {
      const old = before.get(id);
      before.delete(id);
      const mine = old?.querySelector("input");
      const next = document.importNode(row, true);
      if (mine?.checked && next.querySelector("input")) next.querySelector("input").checked = true;
      if (!old) $("table").tBodies[0].append(next);
      else if (old.innerHTML !== next.innerHTML && !old.contains(document.activeElement)) old.replaceWith(next);
    }
    for (const row of before.values()) row.remove();
    const facts = page.querySelector("main > .head");
    if (facts && facts.innerHTML !== document.querySelector("main > .head").innerHTML) {
      document.querySelector("main > .head").replaceWith(document.importNode(facts, true));
    }
    apply();
  };
  const look = async (main) => {
    const wait = Number(main.dataset.live);
    if (!wait) return;
    await new Promise((done) => setTimeout(done, 1000 * wait));
    while (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    let now = main;
    try {
      const answer = await fetch(location.pathname + location.search, { credentials: "same-origin", redirect: "error" });
      const text = await answer.text();
      if (!answer.ok) return;
      if (!/<main [^<>]*data-live="/.test(text)) { location.reload(); return; }  /* by now a report, of another policy */
      const page = new DOMParser().parseFromString(text, "text/html");
      const next = page.querySelector("main");
      if (Boolean($("table")) !== Boolean(page.getElementById("table"))) { location.reload(); return; }
      if ($("table")) takeRows(page);
      else if (main.innerHTML !== next.innerHTML) {
        now = document.importNode(next, true);
        main.replaceWith(now);
        document.title = page.title;
      }
    } catch (problem) {
      if (!(problem instanceof TypeError)) throw problem;  /* the server has ended, or is busy: ask again */
    }
    look(now);
  };

  if ($("table")) list();
  look(document.querySelector("main"));
})();
