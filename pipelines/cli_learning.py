"""The verbs that judge and tune what is learned."""

import datetime as dt
from typing import Annotated, Literal

import typer

from pipelines.cli_options import A_VERSION, Config, day_of, project_of


def policies(config: Config = None) -> None:
    """What other policies would have earned, from impressions with propensities."""
    from pipelines.policies import policies as show_policies

    show_policies(project_of(config))


def protocols(
    config: Config = None,
    as_of: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Nothing later is read.")] = None,
) -> None:
    """The retrievers under the protocols of `evaluation.protocols`, e.g. each user's last item."""
    from pipelines.protocols import protocols as judge

    judge(project_of(config), day_of(as_of))


def tune(
    retriever: Annotated[str, typer.Argument(help="One of the config's retrievers.")],
    config: Config = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings to try besides the present ones, earlier sittings included.")
    ] = 20,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no trial after so many minutes.")] = None,
    day: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As-of day; default: newest.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier trials instead of going on.")] = False,
) -> None:
    """Try other settings of a retriever on the validation window; a later call goes on where this one stopped."""
    from pipelines.tune import tune as try_settings

    try_settings(project_of(config), retriever, trials, minutes, day_of(day), fresh)


def profile(
    subject: Annotated[str, typer.Argument(metavar="USER|ITEM", help="A user's or an item's id.")],
    config: Config = None,
    kind: Annotated[Literal["user", "item"] | None, typer.Option(help="Which of the two, where an id is both.")] = None,
    live: Annotated[bool, typer.Option("--live", help="The newest tables instead of the newest release.")] = False,
    as_of: Annotated[str | None, typer.Option(help=f"The tables as they were then: {A_VERSION}.")] = None,
    day: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As-of day; default: the release's, or the newest.")
    ] = None,
    events: Annotated[int, typer.Option(min=0, help="Supporting events shown with a taste.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with all there is.")] = False,
) -> None:
    """A user's or an item's profile, who wrote it, and what speaks for it."""
    from pipelines.shown_profile import profile as show_profile

    show_profile(project_of(config), subject, kind, live, as_of, day_of(day), events, as_json)


def profiles_plan(
    config: Config = None,
    as_of: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: the newest day.")] = None,
) -> None:
    """How many calls, tokens, money and hours the next profiles take; asks nothing."""
    from pipelines.profile_plan import plan

    plan(project_of(config), day_of(as_of))


def index_tune(
    retriever: Annotated[str | None, typer.Argument(help="Default: the first one with vectors.")] = None,
    config: Config = None,
    recall: Annotated[
        float | None, typer.Option(min=0, max=1, help="Recall@k to reach; default: checks.min_index_recall.")
    ] = None,
    build_seconds: Annotated[float | None, typer.Option(min=0, help="Most processor seconds to build.")] = None,
    microseconds: Annotated[float | None, typer.Option(min=0, help="Most processor time of a query.")] = None,
    megabytes: Annotated[float | None, typer.Option(min=0, help="Largest size.")] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="List length; default: recommendations.candidates_per_source.")
    ] = None,
    queries: Annotated[int, typer.Option(min=2, help="Users to search with: half choose, half confirm.")] = 1000,
) -> None:
    """Find the fastest index that finds enough, within a budget: measured on the newest vectors."""
    from pipelines.index_tuning import limited, tune

    tune(project_of(config), retriever, recall, limited(build_seconds, microseconds, megabytes), k, queries)


def add_to(app: typer.Typer) -> None:
    """Give a command these verbs."""
    profiles_app = typer.Typer(help="Profiles by a language model.", no_args_is_help=True)
    index_app = typer.Typer(help="Indexes of nearest neighbours.", no_args_is_help=True)
    for verb in (policies, protocols, tune, profile):
        app.command()(verb)
    profiles_app.command("plan")(profiles_plan)
    index_app.command("tune")(index_tune)
    app.add_typer(profiles_app, name="profiles")
    app.add_typer(index_app, name="index")
