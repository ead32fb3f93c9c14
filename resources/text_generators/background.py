"""Coroutines behind an ordinary iterator: their event loop runs in a thread, so that no deadline passes unnoticed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Session = AbstractAsyncContextManager[Callable[[Item], Awaitable[Result]]]


def as_completed(session: Session[Item, Result], items: Iterable[Item], concurrency: int) -> Iterator[Result]:
    """Await a function for every item and yield the results as they come.

    While the consumer is busy the calls under way go on; new ones start when it asks for results, so that at most twice
    `concurrency` results are lost if it dies. `items` are taken in the consumer's thread. If it stops early, the calls
    under way are cancelled.

    Args:
        session: Opened in the loop's thread; gives the function, which is to raise only if no item can be done.
        items: Taken when there is room for them.
        concurrency: Calls awaited at once.

    Raises:
        Exception: What the function raised first, after the results of the calls under way.
    """
    results: SimpleQueue[Result | Exception] = SimpleQueue()
    places = asyncio.Semaphore(concurrency)

    async def call(function: Callable[[Item], Awaitable[Result]], item: Item) -> None:
        async with places:
            try:
                results.put(await function(item))
            except Exception as error:
                results.put(error)

    with _loop_in_thread() as loop, _opened(session, loop) as function:
        waiting = iter(items)
        n_under_way, problem = 0, None
        while True:
            room = 0 if problem else 2 * concurrency - n_under_way
            for item in islice(waiting, room):
                asyncio.run_coroutine_threadsafe(call(function, item), loop)
                n_under_way += 1
            if not n_under_way:
                break
            result = results.get()
            n_under_way -= 1
            if isinstance(result, Exception):
                problem = problem or result
            else:
                yield result
        if problem:
            raise problem


@contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="text generator", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def _opened(
    session: Session[Item, Result], loop: asyncio.AbstractEventLoop
) -> Iterator[Callable[[Item], Awaitable[Result]]]:
    function = asyncio.run_coroutine_threadsafe(session.__aenter__(), loop).result()
    try:
        yield function
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
        asyncio.run_coroutine_threadsafe(session.__aexit__(None, None, None), loop).result()


async def _cancel_others() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
