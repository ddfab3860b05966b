"""A review's texts as one self-contained HTML form; it asks no server anything and gives the rater a CSV to send back."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import regex

from reports.render.page.safe import policy_hash, script_json
from reports.review.sample import UNCLEAR, Item, Review

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
fieldset{border:1px solid #bbb;border-radius:6px;margin:0 0 1.2rem;padding:.6rem 1rem}
legend{color:#555}.text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;margin:.4rem 0 .8rem}
label{display:inline-block;margin-right:1.2rem;padding:.15rem 0}input{width:1.5rem;height:1.5rem;vertical-align:-.4rem}
.bar{position:sticky;top:0;background:#fff;padding:.6rem 0;border-bottom:1px solid #ddd}
button{font:inherit;padding:.3rem .9rem}
"""
_SCRIPT = """
const items = JSON.parse(document.getElementById("items").textContent);
const quoted = text => '"' + text.replaceAll('"', '""') + '"';
const chosen = item => document.querySelector(`input[name="${item}"]:checked`);
const count = () => { document.getElementById("done").textContent = items.filter(chosen).length + " of " + items.length; };
document.addEventListener("change", count);
document.getElementById("save").addEventListener("click", () => {
  const rows = items.map(item => [item, chosen(item)?.value ?? ""].map(quoted).join(","));
  const url = URL.createObjectURL(new Blob([["item,label", ...rows].join("\\r\\n") + "\\r\\n"], {type: "text/csv"}));
  Object.assign(document.createElement("a"), {href: url, download: "sheet.csv"}).click();
  URL.revokeObjectURL(url);
});
count();
"""
_UNPRINTABLE = regex.compile(r"[\p{Cs}\p{Cc}--\n\t]", regex.V1)


def review_form(review: Review) -> str:
    """The form. Texts stand as a reader would see them: escaped, but with their odd characters in place."""
    items = "\n".join(_item(review, item, number) for number, item in enumerate(review.items, start=1))
    data = script_json([item.item for item in review.items])
    inline = f"style-src {policy_hash(_STYLE)}; script-src {policy_hash(_SCRIPT)}"
    allowed = f"default-src 'none'; {inline}; base-uri 'none'; form-action 'none'"
    choices = ", ".join(f"<b>{_shown(label)}</b>" for label in review.labels)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(allowed)}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Review</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>What do these texts say?</h1>
<p>For each text, choose the label that a careful reader would give it: {choices}. Choose <b>{UNCLEAR}</b> where the text
does not say, or where a reader could not tell. Judge each text on its own.
When you are done, save your answers and send the file back.</p>
<div class="bar"><button id="save" type="button">Save answers</button>
<output id="done" aria-live="polite"></output> answered</div>
{items}
</main>
<script type="application/json" id="items">{data}</script>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _item(review: Review, item: Item, number: int) -> str:
    texts, choices = "".join(_texts(review, item)), "".join(_choices(review, item))
    return f"<fieldset><legend>Text {number}</legend>\n{texts}<div>{choices}</div></fieldset>"


def _texts(review: Review, item: Item) -> Iterator[str]:
    for name, text in zip(review.fields, item.texts, strict=True):
        head = f"<small>{_shown(name)}</small>" if len(review.fields) > 1 else ""
        yield f'{head}<p class="text" dir="auto">{_shown(text)}</p>\n'


def _choices(review: Review, item: Item) -> Iterator[str]:
    for label in (*review.labels, UNCLEAR):
        yield f'<label><input type="radio" name="{escape(item.item)}" value="{_shown(label)}"> {_shown(label)}</label>'


def _shown(text: str) -> str:
    """Escaped; what no page can hold (surrogates, control characters) becomes U+FFFD, for a reader sees nothing there."""
    return escape(_UNPRINTABLE.sub("\ufffd", text))
