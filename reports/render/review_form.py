"""A review's texts as one self-contained HTML form; it needs no server and gives the rater a CSV to send back."""

from __future__ import annotations

from reports.render.page.safe import script_json
from reports.render.page.shell import html_page, trusted
from reports.review.sample import UNCLEAR, Review


def review_form(review: Review) -> str:
    """The form. Texts stand as a reader would see them: escaped, but with their odd characters in place."""
    data = trusted(script_json([item.item for item in review.items]))
    return html_page("review.html.j2", style="review.css", script="review.js", review=review, unclear=UNCLEAR, data=data)
