"""What the user profiles of a day would take before any of it is asked."""

import datetime as dt

from assets.point_in_time import interactions_by_users, items_known
from assets.profiles.expected_calls import Forecast, Plan
from assets.profiles.user_histories import histories_of, shown_catalogue, user_portions
from assets.profiles.user_questions import user_steps
from models.text.generation.contract import TextGenerator
from resources.settings import Settings
from resources.warehouse import Warehouse


def plan_users(warehouse: Warehouse, generator: TextGenerator, settings: Settings, day: dt.date) -> Plan:
    """Plan the user profiles of an as-of day; asks nothing.

    Args:
        warehouse: The lake.
        generator: Who would write.
        settings: The project's.
        day: The as-of day.
    """
    forecast, steps = Forecast(warehouse, generator, settings), user_steps(settings)
    catalogue = shown_catalogue(items_known(warehouse, day), day, settings)
    n_users = n_standing = 0
    for interactions in interactions_by_users(warehouse, day, settings.profiles.portion_interactions):
        histories = histories_of(warehouse, settings, interactions, catalogue, day)
        for portion in user_portions(warehouse, generator, settings, steps, histories, day):
            forecast.add(portion.build, steps.short, steps.rich)
            forecast.add(portion.update, steps.update, steps.rich)
            n_users += len(portion.build) + len(portion.update) + len(portion.stand)
            n_standing += len(portion.stand)
    return forecast.plan("user", day, {"users": n_users, "words that stand": n_standing})
