"""What holds for each of the sequential retrievers."""

import numpy as np
import pytest
import torch

from models.retrieval.data_shape import DataShape
from models.retrieval.recommend import recommend
from models.retrieval.registry import config_class, load_retriever, retriever_class
from models.training.batch_parts import BatchParts

ALL = ["bert4rec", "gru4rec", "hstu", "multi_interest", "sasrec"]
CAUSAL = ["gru4rec", "hstu", "multi_interest", "sasrec"]
WITH_BLOCKS = ["bert4rec", "hstu", "multi_interest", "sasrec"]

TINY = {
    "embedding_size": 16,
    "max_epochs": 2,
    "n_negatives": 32,
    "max_length": 8,
    "warmup_steps": 3,
    "temperature": None,
}

CHANGES_SCORES = {
    "learning_rate": 0.01,
    "warmup_steps": 50,
    "weight_decay": 3.0,
    "batch_tokens": 100,
    "max_epochs": 3,
    "seed": 1,
    "embedding_size": 32,
    "dropout": 0.0,
    "max_length": 5,
    "n_negatives": 5,
    "loss": "bce",
    "temperature": 0.1,
    "averaging": 0.9,
    "schedule": "cosine",
}
ATTENTION = {"n_blocks": 1, "n_heads": 4}
OWN = {
    "bert4rec": ATTENTION | {"hidden_share": 0.8, "last_only_share": 1.0},
    "gru4rec": {"hidden_size": 32, "n_layers": 2},
    "hstu": ATTENTION,
    "multi_interest": {
        "n_blocks": 0,
        "n_heads": 4,
        "n_interests": 2,
        "attention_size": 16,
        "adds_newest": False,
        "decorrelation_weight": 5.0,
    },
    "sasrec": ATTENTION,
}
TESTED_ELSEWHERE = {"gbce_calibration", "patience", "n_validation_users", "n_threads", "final_learning_rate_share"}
TESTED_BY_ITSELF = {"multi_interest": {"merge"}}
TESTED_ELSEWHERE |= {"accumulation_steps"}
OF_DRAWN_NEGATIVES = {"negatives", "negatives_exponent"}
TESTED_BELOW = {"gradient_checkpointing"}
TESTED_WITH_THE_ASSETS = {"continued_epochs", "from_scratch_days"}


def fitted(name, train, n_epochs=None, **settings):
    retriever = retriever_class(name)(config_class(name)(**settings))
    retriever.fit(train, n_epochs=n_epochs)
    return retriever


def scores(name, train, **settings):
    return fitted(name, train, **TINY | settings).scores(train, np.arange(train.n_users))


def hit_rate(retriever, histories, targets):
    items, _ = recommend(retriever, histories, np.arange(histories.n_users), k=1)
    return (items[:, 0] == targets).mean()


@pytest.mark.parametrize("name", ALL)
def test_every_setting_is_tested(name):
    tested = set(CHANGES_SCORES) | set(OWN[name]) | TESTED_ELSEWHERE | TESTED_WITH_THE_ASSETS | OF_DRAWN_NEGATIVES
    tested |= TESTED_BY_ITSELF.get(name, set())
    if name in WITH_BLOCKS:
        tested |= TESTED_BELOW
    assert tested == set(config_class(name).model_fields)


@pytest.fixture(scope="module")
def base(walks):
    return {name: scores(name, walks[0]) for name in ALL}


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *((name, field, value) for name in ALL for field, value in OWN[name].items()),
        *(("sasrec", field, value) for field, value in CHANGES_SCORES.items()),
    ],
)
def test_setting_changes_the_scores(walks, base, name, field, value):
    assert not np.allclose(base[name], scores(name, walks[0], **{field: value}))


def test_calibration_changes_gbce(walks):
    one, other = (scores("sasrec", walks[0], loss="gbce", gbce_calibration=t, n_negatives=5) for t in (0.0, 1.0))
    assert not np.allclose(one, other)
    np.testing.assert_allclose(one, scores("sasrec", walks[0], loss="bce", n_negatives=5))


@pytest.mark.parametrize("loss", ["softmax", "gbce"])
def test_how_negatives_are_drawn_changes_the_scores(skewed, loss):
    settings = {"loss": loss, "n_negatives": 5}
    found = [scores("sasrec", skewed, **settings, negatives=kind) for kind in ("uniform", "popularity", "mixed")]
    found.append(scores("sasrec", skewed, **settings, negatives="popularity", negatives_exponent=0.3))
    assert all(not np.allclose(found[i], found[j]) for i in range(4) for j in range(i))


@pytest.fixture
def skewed(interactions):
    rng = np.random.default_rng(6)
    shares = 1 / np.arange(1, 26)
    return interactions(rng.choice(25, (60, 8), p=shares / shares.sum()).tolist(), n_items=25)


@pytest.mark.parametrize("name", ALL)
def test_learns_an_order_that_a_bag_of_items_does_not_show(name, same_bag_different_order):
    train, histories, targets = same_bag_different_order
    settings = {"embedding_size": 32, "dropout": 0.0, "learning_rate": 1e-2, "n_negatives": 64, "batch_tokens": 512}
    if name == "bert4rec":
        settings |= {"last_only_share": 0.5, "learning_rate": 3e-3}
    if name == "multi_interest":
        settings |= {"merge": "max", "temperature": None}
    n_epochs = 120 if name == "bert4rec" else 40
    assert hit_rate(fitted(name, train, n_epochs=n_epochs, **settings), histories, targets) > 0.95


@pytest.mark.parametrize("name", ALL)
def test_history_beyond_max_length_is_not_read(name, walks, interactions):
    retriever = fitted(name, walks[0], **TINY)
    newest = list(range(8))
    vectors = retriever.user_vectors(interactions([[20, 21, *newest], newest], n_items=25), np.array([0, 1]))
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_a_user_is_the_same_alone_and_among_longer_ones(name, walks):
    train, _ = walks
    retriever = fitted(name, train, **TINY)
    together = retriever.user_vectors(train, np.arange(train.n_users))
    alone = np.concatenate([retriever.user_vectors(train, np.array([user])) for user in range(train.n_users)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CAUSAL)
def test_a_later_item_changes_no_earlier_state(name, walks):
    network = fitted(name, walks[0], **TINY).network.eval()
    items = torch.randint(25, (2, 8), generator=torch.Generator().manual_seed(1))
    times = torch.arange(16).view(2, 8) * 1000
    for changed in (3, 6):
        other = items.clone()
        other[:, changed] = (other[:, changed] + 1) % 25
        states, changed_states = network(items, times), network(other, times)
        torch.testing.assert_close(states[:, :changed], changed_states[:, :changed], rtol=0, atol=0)
        assert all(not torch.allclose(states[:, t], changed_states[:, t]) for t in range(changed, 8))


@pytest.mark.parametrize("name", ALL)
def test_with_a_temperature_scores_are_cosines(name, walks):
    train, _ = walks
    retriever = fitted(name, train, **TINY | {"temperature": 0.1})
    users = np.arange(train.n_users)
    for vectors in (retriever.item_vectors(), retriever.user_vectors(train, users)):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert np.abs(retriever.scores(train, users)).max() <= 1 + 1e-5


@pytest.mark.parametrize("name", ALL)
def test_every_weight_gets_a_gradient(name, walks):
    retriever = fitted(name, walks[0], n_epochs=1, **TINY)
    network = retriever.network.train()
    network.zero_grad()
    items = torch.arange(16).view(2, 8)
    if name == "bert4rec":
        items[:, 3] = 25
    states = network(items, items * 1000)
    (states * torch.randn(states.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    for weight, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, weight


@pytest.mark.parametrize("name", ALL)
def test_killed_fit_resumes_to_identical_weights(name, walks, tmp_path):
    train, validation = walks
    config = config_class(name)(**TINY | {"max_epochs": 5})
    undisturbed = retriever_class(name)(config)
    expected = undisturbed.fit(train, validation)

    def kill(what, done, total):
        if done > 0.5 * total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retriever_class(name)(config, checkpoint_folder=tmp_path).fit(train, validation, progress=kill)
    resumed = retriever_class(name)(config, checkpoint_folder=tmp_path)
    report = resumed.fit(train, validation)
    assert report.curve == expected.curve
    for weight, tensor in undisturbed.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[weight], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("name", CAUSAL)
def test_batches_in_parts_give_the_same_model(name, walks, monkeypatch):
    """As where memory ran out; without draws in a step the parts of unequal lengths add up to the whole."""
    settings = TINY | {"dropout": 0.0}
    whole = scores(name, walks[0], **settings)
    monkeypatch.setattr(BatchParts, "of", lambda self, batch: np.array_split(batch, min(3, len(batch))))
    np.testing.assert_allclose(scores(name, walks[0], **settings), whole, rtol=1e-2, atol=1e-5)


@pytest.mark.parametrize("name", WITH_BLOCKS)
class TestGradientCheckpointing:
    """With a single interest, where there are several: what they hold lies above the blocks."""

    SETTINGS = TINY | {"n_blocks": 3}
    ABOVE = {"multi_interest": {"n_interests": 1, "attention_size": 8}}

    def test_the_weights_are_the_same(self, name, walks, base):
        whole, recomputed = (
            scores(name, walks[0], **self.SETTINGS, gradient_checkpointing=recomputes) for recomputes in (False, True)
        )
        np.testing.assert_array_equal(recomputed, whole)

    def test_less_is_held_for_the_gradient(self, name):
        held = {}
        for recomputes in (False, True):
            config = config_class(name)(**self.SETTINGS | self.ABOVE.get(name, {}), gradient_checkpointing=recomputes)
            network = retriever_class(name)(config).drawn_network(25).train()
            items = torch.arange(200).view(25, 8) % 25
            held[recomputes] = 0

            def note(tensor, recomputes=recomputes):
                held[recomputes] += tensor.numel()
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
                network(items, items * 1000)
        assert held[True] < 0.4 * held[False]

    def test_the_estimate_knows(self, name):
        shape = DataShape(n_users=100, n_items=25, n_interactions=10_000, longest=100)
        whole, recomputed = (
            retriever_class(name)(
                config_class(name)(n_blocks=4, **self.ABOVE.get(name, {}), gradient_checkpointing=recomputes)
            )
            for recomputes in (False, True)
        )
        assert recomputed.memory_parts(shape)["a batch"] < 0.6 * whole.memory_parts(shape)["a batch"]


@pytest.mark.parametrize("name", ALL)
def test_continuing_keeps_the_items_vectors(name, walks, tmp_path):
    train, _ = walks
    earlier = fitted(name, train, **TINY)
    continued = retriever_class(name)(earlier.config)
    continued.start_from(earlier, np.concatenate([[-1], np.arange(25)[::-1]]))
    first = continued.first_network(26).items.weight.detach().numpy()
    assert np.array_equal(first[1:], earlier.item_vectors()[::-1])
    earlier.save(tmp_path)
    assert type(load_retriever(tmp_path)) is retriever_class(name)
