"""`judgements`: what a language model makes of the final lists and of others, for a sample of users.

Grain: as-of day, way of judging, model, against and user. Partition D judges, at the end of D, the newest lists whose
test days are complete, so that the users' own choices are known; the judge sees none of them, and no model's name.
Exists where `evaluation.judge` is set. Stale when metrics, user_profiles or the judge change. Read by judged_models.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
import numpy as np
import polars as pl

from assets.evaluation.judged_lists import DAYS, store
from assets.evaluation.scoring import complete_target, read_lists, read_window
from assets.generator_calls import Purpose, ask
from assets.graph import Columns, Graph, as_of, polars_schema, preview, table_metadata
from models.evaluation.judging.questions import (
    FIRST,
    PAIRWISE,
    POINTWISE,
    SECOND,
    Person,
    n_withheld,
    pairwise,
    pointwise,
)
from models.evaluation.judging.verdicts import Verdict, likelihood_verdict, pairwise_verdict, pointwise_verdict
from models.evaluation.metrics import per_user_table
from models.text.generation.answer import GenerationAnswer
from models.text.generation.contract import TextGenerator
from models.text.generation.request import GenerationRequest
from models.text.generation.transformers_backend import TransformersGenerator
from resources.compute import pick_device
from resources.settings_sections import Judge
from resources.text_generators.factory import make_generator
from resources.warehouse import Warehouse

FINAL = "recommendations"
COLUMNS: Columns = {
    **DAYS,
    "judge": ("VARCHAR", "The language model, with its version"),
    "way": ("VARCHAR", "pairwise, pointwise or likelihood"),
    "model": ("VARCHAR", "Whose list"),
    "against": ("VARCHAR", "Whose other list; null for a rating"),
    "user_id": ("VARCHAR", "For whom"),
    "word": ("VARCHAR", "win, loss, tie; unsure where the order decided; no answer"),
    "score": ("DOUBLE", "1, 0, 0.5 of two lists, 1 to 5 of one; null unless sure"),
    "ndcg": ("DOUBLE", "NDCG of the shown items by what the user then took"),
    "ndcg_against": ("DOUBLE", "The same of the other list"),
    "n_withheld": ("INTEGER", "Titles the judge did not see, because they talk to a language model"),
}
Row = tuple[str, str, str | None, str, Verdict]


def build(graph: Graph) -> list[dg.AssetsDefinition]:
    """The asset, where a judge is configured."""
    judge = graph.settings.evaluation.judge
    if judge is None:
        return []
    common = graph.as_of_asset("evaluation", {"llm"}, ["metrics", "user_profiles"])

    @dg.asset(description="Lists judged by a language model, blind and in both orders", **common)
    def judgements(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        day, settings = as_of(context), graph.settings
        target = complete_target(graph, warehouse, day)
        generator = make_generator(settings.generator, pick_device(settings.compute.device), settings.compute.n_threads)
        rows = judge_lists(graph, warehouse, generator, judge, target) if target and generator else _frame([])
        table = ("judgements", COLUMNS, "One list, or two, judged for one user")
        frame, snapshot = store(warehouse, table, rows, day, target)
        words = frame.group_by("way", "model", "against", "word").len().sort("way", "model", "against", "word")
        shown: dict = {
            "words": dg.MetadataValue.md(preview(words, 30)),
            "judge": generator.identity if generator else "",
        }
        return dg.MaterializeResult(metadata={**table_metadata("judgements", COLUMNS, frame, snapshot), **shown})

    return [judgements]


def judge_lists(
    graph: Graph, warehouse: Warehouse, generator: TextGenerator, judge: Judge, target: dt.date
) -> pl.DataFrame:
    """Every judgement of the lists as of `target`."""
    window = read_window(warehouse, target, target + dt.timedelta(days=graph.settings.split.test_days))
    lists = {
        name: rows for name, rows in read_lists(warehouse, target, judge.k).items() if name in {FINAL, *judge.against}
    }
    people = choose(warehouse, lists, window.truth.relevant["user_id"], window.items, target, judge.n_users)
    found: list[Row] = []
    for way in judge.ways:
        ways = {"pairwise": by_pairs, "pointwise": by_ratings, "likelihood": by_likelihood}
        found += ways[way](warehouse, generator, people, judge, target)
    truth = window.truth.relevant
    ndcg = {
        name: dict(per_user_table(rows, truth, [judge.k]).select("user_id", f"ndcg@{judge.k}").iter_rows())
        for name, rows in lists.items()
    }
    by_user = {person.user_id: person for person in people}
    return _frame(
        [
            (
                *(generator.identity, way, model, against, user, verdict.word, verdict.score),
                *(ndcg[model].get(user), ndcg[against].get(user) if against else None),
                n_withheld(by_user[user], [model, against] if against else [model]),
            )
            for way, model, against, user, verdict in found
        ]
    )


def choose(
    warehouse: Warehouse,
    lists: dict[str, pl.DataFrame],
    users: pl.Series,
    items: pl.DataFrame,
    target: dt.date,
    n_users: int,
) -> list[Person]:
    """Users evenly spread over those with a profile, a list of each model and something taken since."""
    profiles = warehouse.read("SELECT user_id, summary FROM user_profiles WHERE as_of_day = ?", [target])
    known = profiles.filter(pl.col("user_id").is_in(users.implode())).sort("user_id")
    for rows in lists.values():
        known = known.join(rows.select("user_id").unique(), on="user_id", how="semi", maintain_order="left")
    places = np.unique(np.linspace(0, known.height - 1, min(n_users, known.height)).astype(np.int64))
    chosen = known[places.tolist()]
    titles = dict(items.select("item_id", pl.coalesce("title", "item_id")).iter_rows())
    shown = {
        name: rows.join(chosen, on="user_id", how="semi").sort("user_id", "rank").group_by("user_id").agg("item_id")
        for name, rows in lists.items()
    }
    of_user = {name: dict(rows.iter_rows()) for name, rows in shown.items()}
    return [
        Person(user, summary, {name: [titles.get(item, item) for item in of_user[name][user]] for name in lists})
        for user, summary in chosen.iter_rows()
    ]


def by_pairs(
    warehouse: Warehouse, generator: TextGenerator, people: Sequence[Person], judge: Judge, target: dt.date
) -> Iterator[Row]:
    """Final lists against each other one, in both orders."""
    asked = {
        (person.user_id, other): (pairwise(person, FINAL, other), pairwise(person, other, FINAL))
        for person in people
        for other in judge.against
    }
    for (user, other), answers in _ask_twice(warehouse, generator, asked, Purpose(target, "judge", PAIRWISE)):
        yield "pairwise", FINAL, other, user, pairwise_verdict(*answers)


def by_ratings(
    warehouse: Warehouse, generator: TextGenerator, people: Sequence[Person], judge: Judge, target: dt.date
) -> Iterator[Row]:
    """Each list alone, from its beginning and from its end."""
    asked = {
        (person.user_id, model): (pointwise(person, model), pointwise(person, model, backwards=True))
        for person in people
        for model in (FINAL, *judge.against)
    }
    for (user, model), answers in _ask_twice(warehouse, generator, asked, Purpose(target, "judge", POINTWISE)):
        yield "pointwise", model, None, user, pointwise_verdict(*answers)


def _ask_twice(
    warehouse: Warehouse,
    generator: TextGenerator,
    asked: Mapping[tuple[str, str], tuple[GenerationRequest, GenerationRequest]],
    purpose: Purpose,
) -> Iterator[tuple[tuple[str, str], tuple[GenerationAnswer, GenerationAnswer]]]:
    """The answers to both requests of each key, all asked at once."""
    answers = ask(warehouse, generator, [request for both in asked.values() for request in both], purpose)
    for key, (one, two) in asked.items():
        yield key, (answers[one.key(generator.identity)], answers[two.key(generator.identity)])


def by_likelihood(
    warehouse: Warehouse, generator: TextGenerator, people: Sequence[Person], judge: Judge, target: dt.date
) -> Iterator[Row]:
    """How likely the model finds either answer, beyond what it would say of anybody; nothing is written."""
    assert isinstance(generator, TransformersGenerator)  # the settings allow no other
    asked: list[tuple[str, str, list[str]]] = []
    too_long: list[tuple[str, str, list[str]]] = []
    for person in people:
        for other in judge.against:
            questions = [
                generator.prompt_text(pairwise(person, *order, known)) + '{"better": "'
                for order in ((FINAL, other), (other, FINAL))
                for known in (True, False)
            ]
            fits = all(generator.has_room_for(question, len(SECOND)) for question in questions)
            (asked if fits else too_long).append((person.user_id, other, questions))
    for user, other, _ in too_long:
        yield "likelihood", FINAL, other, user, Verdict("no answer", None)
    prompts = [question for _, _, questions in asked for question in questions for _ in (FIRST, SECOND)]
    words = [FIRST, SECOND] * (len(prompts) // 2)
    logs = generator.log_likelihoods(prompts, words).log_probabilities.reshape(-1, 2, 4).tolist() if prompts else []
    for (user, other, _), orders in zip(asked, logs, strict=True):
        ahead, behind = orders
        yield "likelihood", FINAL, other, user, likelihood_verdict(ahead, behind, judge.margin)


def _frame(rows: list[tuple]) -> pl.DataFrame:
    own = {name: column for name, column in COLUMNS.items() if name not in DAYS}
    return pl.DataFrame(rows, polars_schema(own), orient="row")
