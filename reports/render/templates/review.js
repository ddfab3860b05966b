const items = JSON.parse(document.getElementById("items").textContent);
const quoted = text => '"' + text.replaceAll('"', '""') + '"';
const chosen = item => document.querySelector(`input[name="${item}"]:checked`);
const count = () => { document.getElementById("done").textContent = items.filter(chosen).length + " of " + items.length; };
document.addEventListener("change", count);
document.getElementById("save").addEventListener("click", () => {
  const rows = items.map(item => [item, chosen(item)?.value ?? ""].map(quoted).join(","));
  const url = URL.createObjectURL(new Blob([["item,label", ...rows].join("\r\n") + "\r\n"], {type: "text/csv"}));
  Object.assign(document.createElement("a"), {href: url, download: "sheet.csv"}).click();
  URL.revokeObjectURL(url);
});
count();
