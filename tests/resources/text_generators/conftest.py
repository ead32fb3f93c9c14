from collections.abc import Callable, Iterator

import pytest
from chat_server import KEY, SCHEMA, ChatServer

from models.text.generation.request import GenerationRequest
from resources.text_generators.factory import make_generator
from resources.text_generators.settings import GeneratorSettings


@pytest.fixture
def serve() -> Iterator[Callable[..., ChatServer]]:
    """Starts a server with a script."""
    running: list[ChatServer] = []

    def start(script) -> ChatServer:
        running.append(ChatServer(script).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture
def ask():
    """Asks a server, with patience for tests; the answers in the order of the requests."""

    def run(server: ChatServer, *requests: GenerationRequest, **settings):
        generator = generator_for(server, **settings)
        found = dict(generator.generate(requests))
        assert len(found) == len({request.key(generator.identity) for request in requests})
        return [found[request.key(generator.identity)] for request in requests]

    return run


def generator_for(server, **settings):
    patient = {"backend": "openai", "model": "m", "base_url": server.address, "backoff_seconds": 0.01}
    made = GeneratorSettings.model_validate({**patient, **settings})
    return make_generator(made, environment={"OPENAI_API_KEY": KEY})


@pytest.fixture
def make():
    return generator_for


@pytest.fixture
def prompt() -> GenerationRequest:
    return GenerationRequest("Describe i1.", "You describe items.", SCHEMA, max_tokens=50)
