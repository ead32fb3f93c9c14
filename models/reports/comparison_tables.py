"""Tables of differences: models against each other, slices against what is outside them."""

from __future__ import annotations

import polars as pl

from models.reports.tables import ABSENT, Cell, Row, Table
from models.reports.wording import FINAL_MODEL, in_p, in_words, metric_title

SURE = 0.05
MOST_FINDINGS = 12
MINUS = "\u2212"


def comparison_table(comparisons: pl.DataFrame, k: int, metric: str = "ndcg") -> Table:
    """Pairs of models: difference with interval, adjusted p-value, effect size, smallest detectable difference.

    The final lists' pairs come first; a pair whose adjusted p-value is below 5 % stands out.

    Args:
        comparisons: Rows of the table `comparisons`.
        k: The list length shown.
        metric: The metric shown.
    """
    rows = comparisons.filter((pl.col("metric") == metric) & (pl.col("k") == k)).to_dicts()
    rows.sort(key=lambda row: (row["model"] != FINAL_MODEL, -row["difference"], row["model"], row["against"]))
    heads = [f"{metric_title(metric, k)} difference", "adjusted p", "effect size", "could have shown"]
    table = [
        Row(
            f"{row['model']} against {row['against']}",
            f"{row['n_users']:,} users",
            [
                Cell(signed(row["difference"]), difference_interval(row), row["p_adjusted"] < SURE),
                Cell(in_p(row["p_adjusted"])),
                Cell(ABSENT if row["effect_size"] is None else signed(row["effect_size"], 2)),
                Cell(ABSENT if row["smallest_detectable"] is None else f"{row['smallest_detectable']:.4f}"),
            ],
            row["model"] == FINAL_MODEL,
        )
        for row in rows
    ]
    return Table(heads, table)


def findings_table(findings: pl.DataFrame) -> Table:
    """Slices where the final lists are worse by more than chance allows, the worst first; empty where there are none.

    Args:
        findings: Rows of the table `slice_findings`.
    """
    worse = findings.filter("is_worse").sort("difference", "slice", "against").head(MOST_FINDINGS)
    table = [
        Row(
            in_words(row["slice"]),
            f"{row['n_users']:,} users, against {in_words(row['against'])}",
            [
                Cell(metric_title(row["metric"], row["k"])),
                Cell(f"{row['value']:.4f}"),
                Cell(f"{row['value_against']:.4f}"),
                Cell(signed(row["difference"]), difference_interval(row)),
                Cell(in_p(row["p_adjusted"])),
            ],
        )
        for row in worse.to_dicts()
    ]
    return Table(["metric", "here", "there", "difference", "adjusted p"], table)


def signed(value: float, digits: int = 4) -> str:
    """`+0.0123`, with a true minus sign."""
    return f"{value:+.{digits}f}".replace("-", MINUS)


def difference_interval(row: dict) -> str:
    """Both ends of a difference's interval."""
    return f"{signed(row['ci_low'])} \u2013 {signed(row['ci_high'])}"
