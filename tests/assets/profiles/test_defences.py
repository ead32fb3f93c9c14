"""Which defence stops which text: the corpus as descriptions, a server that obeys all of them, one defence off at a time.

No warehouse: items are shown, asked about over HTTP, and the answers read, as `written_items` does it.
"""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from chat_server import ChatServer
from item_writer import settings_of
from obedient_writer import GOALS, PRAISE, obeys

from assets.profiles.item_questions import ItemStep
from models.profiles import answers, shown_items
from models.profiles.config import ProfilesConfig
from models.profiles.item_answers import Rejected, Source, read_item_answer, with_answer
from models.profiles.item_profiles import ITEM_PROFILE_COLUMNS, item_profiles
from models.profiles.prompt_files import ITEM_SHORT, load_prompt
from models.text.hostile import hostile_kind
from resources.settings import Settings
from resources.text_generators.factory import make_generator

CORPUS = Path(__file__).parents[2] / "corpora" / "injections.jsonl"
CASES = [json.loads(line) for line in CORPUS.read_text().splitlines()]
TEXTS = {f"h{number:03}": case["text"] for number, case in enumerate(CASES)}
HONEST = {"n1": "Hand-glazed stoneware for coffee.", "n2": "Brass, with a linen shade.", "n3": "Woven of soft wool."}
DEFENCES = {
    "personal data": "personal data",
    "what is private": "private",
    "language model": "repeats",
    "another item": "id",
    "another language": "language",
}


@pytest.fixture(scope="module")
def day():
    import datetime as dt

    return dt.date(2025, 9, 20)


def catalogue(texts: dict[str, str]) -> pl.DataFrame:
    rows = [{"item_id": item, "title": f"Thing {item}", "description": text} for item, text in texts.items()]
    schema = dict.fromkeys(("item_id", "title", "description", "category", "brand"), pl.Utf8)
    schema |= {"price": pl.Float64, "available_from": pl.Datetime("us"), "first_seen_on": pl.Date}
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def asked(server: ChatServer, items: list[shown_items.ShownItem]):
    """Every item with its question and the server's answer."""
    place = settings_of(server, concurrency=8, api_key_env="NO_KEY")
    settings = Settings.model_construct(generator=Settings.model_fields["generator"].annotation(**place))
    step, generator = ItemStep(load_prompt(ITEM_SHORT), settings), make_generator(settings.generator)
    requests = {item.item_id: step.request(item) for item in items}
    answers = dict(generator.generate(list(requests.values())))
    return [(item, requests[item.item_id], answers[requests[item.item_id].key(generator.identity)]) for item in items]


def stopped_by(item, answer) -> str | None:
    """The defence that keeps an answer out; `None` where it becomes the item's profile."""
    if answer.outcome != "answered":
        return "schema"
    try:
        read_item_answer(answer.value, item)
    except Rejected as rejected:
        return next(defence for words, defence in DEFENCES.items() if words in str(rejected))
    return None


@pytest.fixture(scope="module")
def obeyed(day):
    """Goal -> item id -> what stopped it, with the detector of texts switched off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown_items, "hostile_kind", lambda text: None)
        items = shown_items.shown_items(catalogue(TEXTS | HONEST), day, ProfilesConfig())
    victim = next(item.reference for item in items if item.item_id == "n1")
    found = {}
    for goal in GOALS:
        with ChatServer(obeys(goal, set(HONEST.values()), victim)) as server:
            found[goal] = asked(server, items)
    return found


def stops(obeyed, goal: str) -> Counter:
    return Counter(stopped_by(item, answer) for item, _, answer in obeyed[goal] if item.item_id in TEXTS)


def test_first_the_detector_shows_the_model_none_of_them(day):
    """All but one, which hides nothing but gaps: it is shown without them."""
    items = shown_items.shown_items(catalogue(TEXTS | HONEST), day, ProfilesConfig())
    shown = {item.item_id: item.description for item in items if not item.hostile}
    assert set(HONEST) < set(shown)
    assert [shown[item] for item in shown if item in TEXTS] == ["Mug big"]


def test_second_a_text_cannot_leave_its_string(obeyed):
    """What the model gets is the same instructions for all, and JSON that holds the text and nothing beside it."""
    for item, request, _ in obeyed["praise"]:
        assert json.loads(request.user) == item.data
        assert request.system == load_prompt(ITEM_SHORT).system


def test_third_the_answer_cannot_leave_the_schema(obeyed):
    assert stops(obeyed, "form") == stops(obeyed, "prose") == {"schema": len(TEXTS)}


def test_fourth_it_cannot_be_about_another_item(obeyed):
    assert stops(obeyed, "another item") == {"id": len(TEXTS)}


def test_fifth_what_is_personal_or_private_is_kept_out(obeyed):
    assert stops(obeyed, "contact") == {"personal data": len(TEXTS)}
    assert stops(obeyed, "private") == {"private": len(TEXTS)}


def test_sixth_orders_are_not_handed_on(obeyed):
    """The answer repeats the text: the rules that would have found it in the item find it there.

    What passes has lost what made it hostile: hidden characters, or the line that "System:" began.
    """
    told = [(item, answer) for item, _, answer in obeyed["repeat"] if item.item_id in TEXTS]
    passed = [read_item_answer(answer.value, item) for item, answer in told if not stopped_by(item, answer)]
    assert stops(obeyed, "repeat")["repeats"] == 83
    assert not [read.summary for read in passed if hostile_kind(read.summary)]


def test_praise_passes_into_its_own_profile_and_is_called_inferred(obeyed, day):
    """All that a text can still do: words about its own item, none of which count as stated."""
    assert set(stops(obeyed, "praise")) == {None}
    for item, _, answer in obeyed["praise"]:
        if stopped_by(item, answer):
            continue
        read = read_item_answer(answer.value, item)
        assert (read.summary == PRAISE) == (item.item_id in TEXTS)
        if item.item_id in TEXTS:
            assert {said.basis for said in read.key_phrases} == {"inferred"}


@pytest.mark.parametrize("goal", GOALS)
def test_another_items_profile_never_changes(obeyed, goal, day):
    """Neighbours get the question, the answer and the profile they would have had alone."""
    rows = {row["item_id"]: row for row in item_profiles(catalogue(HONEST), day).iter_rows(named=True)}
    with ChatServer(obeys(goal, set(HONEST.values()), "")) as server:
        alone = asked(server, shown_items.shown_items(catalogue(HONEST), day, ProfilesConfig()))
    beside = [one for one in obeyed[goal] if one[0].item_id in HONEST]
    source = Source("openai", "v", "k", 7, 3)
    for before, after in zip(alone, beside, strict=True):
        assert before[1] == after[1], "the same question, letter by letter"
        made = [
            with_answer(rows[item.item_id], read_item_answer(answer.value, item), source)
            for item, _, answer in (before, after)
        ]
        assert made[0] == made[1] and set(made[0]) == set(ITEM_PROFILE_COLUMNS)


@pytest.mark.parametrize(
    ("goal", "name", "off"),
    [
        ("contact", "find_personal_data", lambda text: []),
        ("private", "find_private_claims", lambda text, about: []),
        ("repeat", "hostile_kind", lambda text: None),
    ],
)
def test_each_look_at_the_answer_is_what_keeps_it_out(obeyed, monkeypatch, goal, name, off):
    monkeypatch.setattr(answers, name, off)
    assert set(stops(obeyed, goal)) <= {None, "language"}


def test_without_references_another_items_answer_would_be_taken(obeyed, monkeypatch):
    victim = next(item.reference for item, _, _ in obeyed["praise"] if item.item_id == "n1")
    monkeypatch.setattr(shown_items.ShownItem, "reference", victim)
    assert stops(obeyed, "another item").keys() <= {None, "language"}
