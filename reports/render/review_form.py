"""A review's texts as one self-contained HTML form; it needs no server and gives the rater a CSV to send back."""

from __future__ import annotations

import json
from hashlib import sha256

from reports.render.page.safe import script_json
from reports.render.page.shell import html_page, trusted
from reports.review.sample import UNCLEAR, Review


def review_form(review: Review) -> str:
    """The form. Texts stand as a reader would see them: escaped, but with their odd characters in place."""
    names = [item.item for item in review.items]
    data = trusted(script_json({"key": _key(review, names), "items": names}))
    styles = ("report.css", "review.css")
    return html_page("review.html.j2", style=styles, script="review.js", review=review, unclear=UNCLEAR, data=data)


def _key(review: Review, names: list[str]) -> str:
    """Under what a browser keeps the answers: that of no other review, for pages from a disk may share one store."""
    told = json.dumps([review.digest, review.seed, review.labels, names])
    return f"robustness-review-{sha256(told.encode('ascii')).hexdigest()[:24]}"
