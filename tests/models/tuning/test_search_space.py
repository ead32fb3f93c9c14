import pytest

from models.retrieval.registry import RETRIEVERS, config_class
from models.tuning.default_ranges import OF_A_GRAPH, OWN, SHARED, default_ranges
from models.tuning.search_range import SearchRange
from models.tuning.search_space import NOT_TUNED, space_of


@pytest.mark.parametrize("name", sorted(RETRIEVERS))
class TestDefaultRanges:
    def test_lie_within_the_bounds_of_the_fields(self, name):
        space = space_of(name)
        for key, wanted in space.items():
            for value in wanted.values():
                assert getattr(config_class(name).model_validate({key: value}), key) == value

    def test_hold_the_default_settings_so_that_trial_0_teaches(self, name):
        config = config_class(name)()
        assert all(wanted.has(getattr(config, key)) for key, wanted in space_of(name).items())

    def test_have_no_seeds_and_threads(self, name):
        assert not set(default_ranges(name)) & set(NOT_TUNED)


def test_every_default_range_is_of_some_setting():
    fields = {name: set(config_class(name).model_fields) for name in RETRIEVERS}
    assert set(SHARED) <= set.union(*fields.values())
    assert all(set(ranges) <= fields[name] | set(OF_A_GRAPH) for name, ranges in OWN.items())
    of_a_graph = set.union(*(fields[name] for name, ranges in OWN.items() if set(ranges) >= set(OF_A_GRAPH)))
    assert set(OF_A_GRAPH) <= of_a_graph


def test_popularity_has_nothing_to_tune_and_others_have():
    assert default_ranges("popularity") == {}
    assert {"l2"} == set(default_ranges("ease"))
    assert {"learning_rate", "dropout", "embedding_size", "n_heads"} <= set(default_ranges("sasrec"))


class TestAGivenSpace:
    def test_has_the_types_of_the_config(self):
        given = {"l2": SearchRange(low=1, high=10), "embedding_size": SearchRange(low=8, high=64, step=8.0)}
        space = space_of("ials", given)
        assert [type(value) for value in space["l2"].values()] == [float, float]
        assert [type(value) for value in (*space["embedding_size"].values(), space["embedding_size"].step)] == [int] * 3

    def test_replaces_the_default_one(self):
        assert set(space_of("ials", {"l2": SearchRange(low=1, high=10)})) == {"l2"}

    def test_ends_at_the_last_step(self):
        space = space_of("sasrec", {"dropout": SearchRange(low=0, high=0.5, step=0.2)})
        assert space["dropout"].high == pytest.approx(0.4)

    @pytest.mark.parametrize(
        ("name", "key", "given", "words"),
        [
            ("ease", "l2", {"low": 0, "high": 10}, r"tuning\.ease\.l2: 0 is refused: .*greater than 0"),
            (
                "sasrec",
                "dropout",
                {"low": 0.1, "high": 1.0},
                r"tuning\.sasrec\.dropout: 1\.0 is refused: .*less than 1",
            ),
            ("sasrec", "n_heads", {"low": 1.5, "high": 4}, r"n_heads: 1\.5 is refused: .*integer"),
            ("sasrec", "n_heads", {"low": 1, "high": 4, "step": 0.5}, r"n_heads: .*step must be one"),
            ("sasrec", "loss", {"choices": ["bce", "hinge"]}, r"loss: 'hinge' is refused"),
            ("sasrec", "n_heads", {"choices": [1, "1"]}, r"tuning\.sasrec\.n_heads: choices name a value twice"),
            ("popularity", "weighted", {"low": 0, "high": 1}, r"weighted: .*no number"),
            ("ease", "l3", {"low": 1, "high": 2}, r"tuning\.ease\.l3: ease has no such setting; it has l2"),
            ("sasrec", "seed", {"low": 1, "high": 9}, r"seed: not to be tuned: .*luck"),
        ],
    )
    def test_is_refused_where_the_config_would_refuse_a_value(self, name, key, given, words):
        with pytest.raises(ValueError, match=words):
            space_of(name, {key: SearchRange(**given)})

    def test_choices_of_text(self):
        assert space_of("item_knn", {"similarity": SearchRange(choices=["bm25", "cosine"])})["similarity"].choices
