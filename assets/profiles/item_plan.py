"""What the item profiles of a day would take before any of it is asked."""

import datetime as dt

from assets.point_in_time import items_known
from assets.profiles.expected_calls import Forecast, Plan
from assets.profiles.item_questions import items_asked_about, steps_of, with_kept_questions
from assets.profiles.questions import portions
from assets.profiles.written_items import PORTION
from models.text.generation.contract import TextGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse


def plan_items(warehouse: Warehouse, generator: TextGenerator, settings: Settings, day: dt.date) -> Plan:
    """Plan the item profiles of an as-of day; asks nothing.

    Args:
        warehouse: The lake.
        generator: Who would write.
        settings: The project's.
        day: The as-of day.
    """
    honest, hostile = items_asked_about(items_known(warehouse, day), day, settings)
    forecast, (short, rich) = Forecast(warehouse, generator, settings), steps_of(settings)
    for portion in portions(honest, PORTION):
        forecast.add(with_kept_questions(warehouse, generator, portion, day, settings), short, rich)
    return forecast.plan("item", day, {"items with text": len(honest), "withheld": len(hostile)})
