"""`sluice simulate`: write the simulated shop that stands in for real logs."""

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from models.errors import UserError
from pipelines.console import Bar, say
from resources.code_version import code_digest
from resources.settings import Project

STAMP = "simulated.json"


def write_shop(
    project: Project,
    users: int | None = None,
    items: int | None = None,
    days: int | None = None,
    into: Path | None = None,
) -> Path:
    """Simulate the project's shop, unless the same one lies there already.

    Args:
        project: A project with a `simulate` section.
        users: Number of users instead of the config's; `items` and `days` alike.
        items: Number of items.
        days: Number of days.
        into: Folder instead of the config's `simulate_into`.

    Raises:
        UserError: The config has no `simulate` section.
    """
    from models.simulation.shop import simulate

    config = project.settings.simulate
    folder = into.resolve() if into else project.simulation_folder
    if config is None or folder is None:
        raise UserError("no `simulate` section", str(project.path), "Use configs/demo.yaml, or add one.")
    given = {"users": users, "items": items, "days": days}
    try:
        config = config.model_validate({**config.model_dump(), **{k: v for k, v in given.items() if v is not None}})
    except ValidationError as error:
        problem = error.errors()[0]
        option = "".join(f"--{part}" for part in problem["loc"][:1]) or "--users, --items, --days"
        words = problem["msg"].removeprefix("Value error, ")
        raise UserError(words[:1].lower() + words[1:], option, "Choose another number.") from None
    stamp = hashlib.sha256((config.model_dump_json() + code_digest("models/simulation")).encode()).hexdigest()
    done = folder / STAMP
    content = json.dumps({"stamp": stamp})
    if done.is_file() and done.read_text() == content:
        say(f"simulation up to date, {folder}")
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    with Bar("simulation") as bar:
        summary = simulate(config, folder, bar.update)
    done.write_text(content)
    dirt = sum(summary.dirt.values())
    say(f"           {summary.n_lines:,} lines over {summary.n_days} days, {dirt:,} of them dirty, in {folder}")
    return folder
