"""What people remember: their latest clicks, which decide what they want next and what no longer tempts them."""

from __future__ import annotations

import numpy as np

from models.simulation.world import World

MEMORY = 64
CONTEXT = 8


class Memory:
    """The last clicks of every user, bounded whatever the number of days.

    Attributes:
        recent: `[n_users, MEMORY]` int32 item indices, newest first, -1 where there is none.
    """

    def __init__(self, n_users: int):
        self.recent = np.full((n_users, MEMORY), -1, dtype=np.int32)

    def push(self, users: np.ndarray, items: np.ndarray) -> None:
        """Remember one more click of each of some distinct users."""
        self.recent[users, 1:] = self.recent[users, :-1]
        self.recent[users, 0] = items

    def push_all(self, users: np.ndarray, items: np.ndarray) -> None:
        """Remember many clicks, each user's oldest first; the same as `push` one click at a time."""
        order = np.argsort(users, kind="stable")
        users, items = users[order], items[order]
        who, first, counts = np.unique(users, return_index=True, return_counts=True)
        from_newest = np.repeat(first + counts, counts) - 1 - np.arange(len(users))
        shift = np.minimum(counts, MEMORY)
        columns = np.arange(MEMORY)[None, :] - shift[:, None]
        moved = np.take_along_axis(self.recent[who], np.maximum(columns, 0), axis=1)
        self.recent[who] = np.where(columns >= 0, moved, -1)
        kept = from_newest < MEMORY
        self.recent[users[kept], from_newest[kept]] = items[kept]


def context_weights(context: np.ndarray, decay: float) -> np.ndarray:
    """Pull of each of the latest clicks: `decay ** k` for the k-th newest, 0 where there is none.

    Args:
        context: `[n, CONTEXT]` item indices, newest first, -1 for none.
        decay: Between 0 and 1.
    """
    return np.where(context >= 0, decay ** np.arange(context.shape[1]), 0.0)


def graph_pull(world: World, context: np.ndarray, items: np.ndarray, decay: float) -> np.ndarray:
    """How strongly recent clicks lead to some items, 1 for the best successor of the newest click.

    Args:
        world: Holds the graph.
        context: `[n, CONTEXT]` item indices, newest first, -1 for none.
        items: `[n, m]` item indices.
        decay: Pull of a click after each further click.

    Returns:
        `[n, m]` float64.
    """
    reach = world.successors[context]
    pull = context_weights(context, decay)[:, :, None] * (world.successor_weights / world.successor_weights[0])
    same = reach[:, None, :, :] == items[:, :, None, None]
    return np.einsum("nmck,nck->nm", same, pull, optimize=False)


def has_seen(recent: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Whether each of `items` `[n, m]` is among the remembered clicks `[n, MEMORY]`, `[n, m]` bool."""
    return (recent[:, None, :] == items[:, :, None]).any(axis=2)
