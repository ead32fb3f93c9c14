import base64
import re
import struct

import pytest

from models.reports.charts import Bar, bar_figure, curve_figure, series_of, to_png, to_svg
from models.reports.markdown import learning_curve_png, markdown_image, metric_bars, metric_bars_png

BARS = [Bar("ease", 0.2, 0.1, 0.3, True), Bar("popularity", 0.1)]


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_pngs_grow_with_what_they_show(metrics, curve):
    assert size(metric_bars_png(metrics))[1] > size(to_png(bar_figure(BARS[:1], "One")))[1]
    both, alone = (learning_curve_png(steps, "sasrec") for steps in (curve, [{"epoch": 1, "loss": 2.0}]))
    assert size(both)[1] > size(alone)[1]


def test_pngs_are_reproducible(metrics):
    assert metric_bars_png(metrics) == metric_bars_png(metrics)


def test_bars_are_best_first(metrics):
    assert [bar.name for bar in metric_bars(metrics, "ndcg", 10)] == ["recommendations", "sasrec", "recent_popularity"]
    assert metric_bars(metrics, "ndcg", 10)[0].highlighted
    assert [bar.name for bar in metric_bars(metrics, "gini", 10)][0] == "recommendations"


def test_what_cannot_be_drawn_is_refused(metrics):
    with pytest.raises(ValueError, match="no row of metric 'mrr'"):
        metric_bars_png(metrics, "mrr")
    with pytest.raises(ValueError, match="popularity has no learning curve"):
        learning_curve_png([], "popularity")


def test_a_bar_is_as_long_as_its_value():
    axes = bar_figure(BARS, "Title").axes[0]
    assert [patch.get_width() for patch in axes.patches] == [0.2, 0.1]
    whiskers = axes.collections[0].get_segments()[0]
    assert whiskers[:, 0] == pytest.approx([0.1, 0.3])
    assert [text.get_text() for text in axes.texts] == ["0.2000", "0.1000"]


def test_bars_of_zero_can_be_drawn():
    assert to_png(bar_figure([Bar("a", 0.0, 0.0, 0.0)], "Nothing"))


def test_series_share_a_panel_only_with_their_kind(curve):
    assert series_of(curve) == [["loss"], ["validation_ndcg_at_10"]]
    assert series_of([{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "loss": 1.0, "x": 2.0}]) == [
        ["train_loss", "loss"],
        ["x"],
    ]
    assert len(curve_figure(curve, "sasrec").axes) == 2


def test_a_curve_says_what_it_runs_over_and_is_no_tower(curve):
    figure = curve_figure(curve, "sasrec")
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "epoch"]
    width, height = figure.get_size_inches()
    assert height < width


def test_a_series_may_be_absent_from_some_epochs():
    axes = curve_figure([{"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 2.0, "validation_loss": 2.5}], "m").axes[0]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2], [2]]


def test_svg_takes_the_pages_colours_and_keeps_text_as_text():
    svg = to_svg(bar_figure(BARS, "A & B"), "name")
    assert svg.startswith('<svg role="img"')
    assert "A &amp; B" in svg
    assert not re.search(r"#(?:1c2430|0f6f6a|9aa7b4|dfe4ea|5b6675)", svg)
    assert "<metadata" not in svg
    assert svg == to_svg(bar_figure(BARS, "A & B"), "name")


def test_dollar_signs_are_no_formula():
    svg = to_svg(bar_figure([Bar("$a_b$", 1.0)], "Half $price"), "name")
    assert ">$a_b$</text>" in svg
    assert ">Half $price</text>" in svg
    assert ">$x^2$</text>" in to_svg(curve_figure([{"epoch": 1, "$x^2$": 1.0}], "m"), "name")


def test_markdown_carries_the_bytes():
    image = markdown_image(b"abc", "a [b]\nc")
    assert image == f"![a bc](data:image/png;base64,{base64.b64encode(b'abc').decode()})"
