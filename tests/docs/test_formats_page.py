import re
from pathlib import Path

import pytest
import yaml

from models.events.expansion import Expansion
from models.events.inference.shapes import SHAPES
from models.events.nested import ALTERNATIVES

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.title)
def test_every_mapped_name_is_on_the_page(shape):
    given = [] if shape.names else list(shape.settings["columns"].values())
    given += shape.settings.get("expand", {}).get("columns", {}).values()
    unsaid = {"userInfo.userAgent", "context.userAgent", "geo.country", "properties.name", "item_name", "name"}
    unsaid |= {"product.title", "properties.price", "properties.quantity", "properties.product_id", "properties.sku"}
    for path in given:
        for name in {*path.split(ALTERNATIVES)} - unsaid:
            assert re.search(rf"(?<![a-z]){re.escape(name)}(?![a-zA-Z_])", PAGE), f"{shape.title}: {name}"


def test_the_examples_of_expand_are_valid():
    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
    examples = [yaml.safe_load(line)["expand"] for line in block.strip().splitlines()]
    assert len(examples) == 4 and all(Expansion(**example).path for example in examples)
