"""`sluice validate`: reads every source file as a build would, writes nothing, and says what came of it."""

from models.errors import UserError
from models.events.days import DayRange
from models.events.dry_run import Tally, dry_run_catalogue, dry_run_events
from pipelines.console import Bar, say
from pipelines.plan import source_files
from resources.settings import Project

MOST_NAMED = 5


def validate(project: Project) -> None:
    """Read the catalogue and the event log, and print counts, reasons with examples, and days.

    Raises:
        UserError: A source cannot be read, or no line of it would be accepted.
    """
    settings = project.settings
    if settings.catalogue:
        source_files(project, settings.catalogue)  # says what to do where the shop was not simulated yet
        with Bar("catalogue") as bar:
            tally = dry_run_catalogue(settings.catalogue, project.base, bar.update)
        _print(tally)
        _refuse_nothing(tally, "catalogue", project)
    files = source_files(project, settings.events)
    days = DayRange(settings.partitions.start, settings.partitions.end)
    inside = [file for file in files if file.day is None or file.day in days]
    with Bar(f"events: {len(inside)} file(s)") as bar:
        tally = dry_run_events(inside, settings.events, days, bar.update)
    _print(tally)
    if len(inside) < len(files):
        say(f"  {len(files) - len(inside)} file(s) of days outside `partitions` are not read")
    _print_days(tally)
    _print_types(tally, set(settings.event_types))
    _refuse_nothing(tally, "events", project)


def _print(tally: Tally) -> None:
    further = f" and {tally.n_further:,} further events of theirs" if tally.n_further else ""
    say(f"  {tally.n_lines:,} lines read{further} = {tally.n_accepted:,} accepted + {tally.n_rejected:,} rejected")
    for reason, n in tally.reasons.most_common():
        say(f"  {n:>12,}  {reason}")
        for example in tally.examples[reason]:
            say(f"                {example.file}, line {example.line}: {example.detail}")
            say(f"                  {example.text}")


def _print_days(tally: Tally) -> None:
    if not tally.days:
        return
    first, last = min(tally.days), max(tally.days)
    empty = tally.empty_days()
    per_day = tally.n_accepted / len(tally.days)
    say(f"  first day {first}, last day {last}; {per_day:,.0f} events on each of {len(tally.days):,} days")
    named = ", ".join(map(str, empty[:MOST_NAMED])) + (", ..." if len(empty) > MOST_NAMED else "")
    say(f"  {len(empty):,} empty day(s) between them" + (f": {named}" if empty else ""))


def _print_types(tally: Tally, known: set[str]) -> None:
    for name, n in tally.types.most_common():
        if name not in known:
            say(f"  {n:>12,}  accepted, but set aside later: type {name!r} is not in `event_types`")


def _refuse_nothing(tally: Tally, section: str, project: Project) -> None:
    if tally.n_accepted:
        return
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in tally.reasons.most_common(3)) or "no line was read"
    raise UserError(f"`{section}`: nothing is accepted ({reasons})", str(project.path), f"Correct `{section}`.")
