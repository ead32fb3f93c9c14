import numpy as np
import pytest

from models.profiles.quality.specificity import specificity


@pytest.fixture
def people():
    draws = np.random.default_rng(0)
    vectors = draws.normal(size=(600, 32)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_profiles_of_their_own_users_are_picked_out(people):
    assert specificity(people, 3 * people).value == 1.0


def test_those_of_others_are_picked_as_often_as_chance_has_it(people):
    found = specificity(people, np.roll(people, 1, axis=0))
    assert found.ci_low < 0.05 < found.ci_high and found.n == 600


def test_a_text_true_of_everybody_is_at_chance_exactly(people):
    same = np.tile(people[:1], (600, 1))
    assert specificity(same, people).value == pytest.approx(1 / 20)


def test_a_naive_loop_agrees():
    """Two candidates of three: with every rival drawn, the one of another direction decides."""
    profiles = np.eye(3, dtype=np.float32)
    evidence = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1]], dtype=np.float32)
    assert specificity(profiles, evidence, n_candidates=3).value == pytest.approx(2 / 3)


def test_more_candidates_are_harder(people):
    blurred = people + np.random.default_rng(1).normal(scale=0.5, size=people.shape)
    assert specificity(people, blurred, 2).value > specificity(people, blurred, 100).value


def test_one_alone_has_nobody_to_be_told_from(people):
    assert specificity(people[:1], people[:1]).n == 0
