"""The curves of ``bench.strength``: accuracy under attack against cumulative queries, one panel a victim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BOLD = {"standard": "black", "standard-fixed": "dimgrey"}


def draw(found: dict[str, list[dict[str, Any]]], path: Path, *, labels_only: bool = False) -> None:
    """Write the picture; each recipe by its run with the largest budget. Accuracy is over the examples that were right."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(found), figsize=(6 * len(found), 4.5), squeeze=False)
    for panel, (victim, runs) in zip(panels[0], found.items(), strict=True):
        most = max(row["budget"] for row in runs)
        for row in (row for row in runs if row["budget"] == most and row["attacked"]):
            xs, ys = curve(row, most)
            ours = row["side"] == "ours"
            name = row["recipe"] if ours else f"TextAttack {row['recipe']}"
            colour = BOLD.get(row["recipe"]) if ours else None
            panel.step(xs, ys, where="post", label=name, color=colour, lw=2.5 if colour else 1.2, ls="-" if ours else "--")
        panel.set(xscale="log", xlim=(2, most), ylim=(0, 100), title=victim, xlabel="queries an example, all recipes together")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("still right, % of those right without attack" + (" (labels only)" if labels_only else ""))
    panels[0][-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def curve(row: dict[str, Any], most: int) -> tuple[list[int], list[float]]:
    """Queries, and the percentage of attacked examples that still stand from there on."""
    xs, ys = [1], [100.0]
    for rank, queries in enumerate(row["broken"], start=1):
        xs.append(queries)
        ys.append(100 * (1 - rank / row["attacked"]))
    return [*xs, most], [*ys, ys[-1]]
