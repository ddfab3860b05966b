"use strict";
// The index names the section that is being read.
(() => {
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
