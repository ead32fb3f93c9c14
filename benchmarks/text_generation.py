"""Measure the text generators: `python benchmarks/text_generation.py [--part server|model]`.

`server`: 1,000 calls to a local server of its own process that answers each after 200 ms, 32 at once, against the
1000 / 32 * 0.2 s that the waiting alone takes. `model`: tokens written a CPU second, on one thread, by a random Llama
(hidden 256, 4 layers, vocabulary 8,000) for 64 prompts that share their instructions: ours, with and without a schema,
the library's own `generate` in batches of like length, and one prompt after the other (the first 16). Three rounds of
all four, the best of each counts; tokens that end a cut answer without the model are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import ROOT

from models.text.generation.request import GenerationRequest

N_CALLS, CONCURRENCY, SERVER_SECONDS = 1000, 32, 0.2
IDEAL = N_CALLS / CONCURRENCY * SERVER_SECONDS
ROUNDS, N_PROMPTS, N_SINGLE, MAX_TOKENS, BATCH = 3, 64, 16, 64, 32
SCHEMA = {
    "type": "object",
    "properties": {
        "item_id": {"type": "string", "maxLength": 12},
        "summary": {"type": "string", "maxLength": 120},
        "audience": {"type": "array", "items": {"enum": ["children", "cooks", "readers"]}, "maxItems": 3},
        "price_band": {"enum": ["low", "middle", "high"]},
    },
    "required": ["item_id", "summary", "audience", "price_band"],
    "additionalProperties": False,
}
SYSTEM = "Describe the item of a shop as JSON. Say only what its text says. " * 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["server", "model"], help="Only this one, in this process.")
    part = parser.parse_args().part
    if part:
        {"server": calls_to_a_server, "model": tokens_of_a_model}[part]()
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for part in ("server", "model"):
        command = [sys.executable, __file__, "--part", part]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


def calls_to_a_server() -> None:
    from resources.text_generators.factory import make_generator
    from resources.text_generators.settings import GeneratorSettings

    program = "import asyncio, text_generation as t; asyncio.run(t.serve())"
    server = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parent, stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        settings = GeneratorSettings(
            backend="openai", model="m", base_url=f"http://127.0.0.1:{port}/v1", concurrency=CONCURRENCY
        )
        generator = make_generator(settings, environment={})
        requests = [settings.request(f"item {number}") for number in range(N_CALLS + 1)]
        next(generator.generate(requests[:1]))  # imports
        started, cpu = time.perf_counter(), time.process_time()
        n_answered = sum(answer.outcome == "answered" for _, answer in generator.generate(requests[1:]))
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    finally:
        server.terminate()
    print(f"{n_answered} calls: {wall:.2f} s, {wall / IDEAL - 1:+.0%} of {IDEAL:.2f} (at most +15%), CPU {cpu:.2f} s")


async def serve() -> None:
    """Answer every call after `SERVER_SECONDS`; prints its port."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "A mug."}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    body = json.dumps({"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
                await reader.readexactly(length)
                await asyncio.sleep(SERVER_SECONDS)
                writer.write(head + body)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def tokens_of_a_model() -> None:
    import torch

    from models.text.generation.transformers_backend import TransformersGenerator

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder))
        generator = TransformersGenerator(folder, max_rows=BATCH, n_threads=1)
        free, held = prompts(None), prompts(SCHEMA)
        ways: dict[str, Callable[[], int]] = {
            "ours": lambda: ours(generator, free),
            "ours, held to a schema": lambda: ours(generator, held),
            "the library, batches of like length": lambda: library(generator, free, BATCH),
            "the library, one by one": lambda: library(generator, free[:N_SINGLE], 1),
        }
        best = dict.fromkeys(ways, 0.0)
        for _ in range(ROUNDS):
            for name, way in ways.items():
                started = time.process_time()
                best[name] = max(best[name], way() / (time.process_time() - started))
    batched, single = best["the library, batches of like length"], best["the library, one by one"]
    for name, rate in best.items():
        ratios = f"{rate / batched:.2f} of batches, {rate / single:.2f} of one by one"
        print(f"{name}: {rate:.0f} tokens a CPU second, {ratios}")


def prompts(schema: dict | None) -> list[GenerationRequest]:
    """Instructions that all share, texts of 5 to 150 words in no order."""
    rng = np.random.default_rng(1)
    words = sorted({word for word in (ROOT / "README.md").read_text().split() if word.isalpha()})
    texts = [" ".join(rng.choice(words, rng.integers(5, 150))) for _ in range(N_PROMPTS)]
    return [GenerationRequest(text, SYSTEM, schema, MAX_TOKENS) for text in texts]


def ours(generator, requests: list[GenerationRequest]) -> int:
    return sum(min(answer.tokens_out, MAX_TOKENS) for _, answer in generator.generate(requests))


def library(generator, requests: list[GenerationRequest], batch: int) -> int:
    import torch

    tokenizer, model = generator.causal.tokenizer, generator.causal.model
    texts = [generator.prompt_text(request) for request in requests]
    if batch > 1:
        texts.sort(key=len, reverse=True)
    lengths = {"min_new_tokens": MAX_TOKENS, "max_new_tokens": MAX_TOKENS}
    n_tokens = 0
    for start in range(0, len(texts), batch):
        read = tokenizer(
            texts[start : start + batch],
            return_tensors="pt",
            padding=True,
            padding_side="left",
            add_special_tokens=False,
        )
        with torch.inference_mode():
            written = model.generate(
                input_ids=read["input_ids"], attention_mask=read["attention_mask"], do_sample=False, **lengths
            )
        n_tokens += written[:, read["input_ids"].shape[1] :].numel()
    return n_tokens


def save_model(folder: Path) -> None:
    """A random Llama with a byte-level vocabulary of 8,000, trained on this repository's own files."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=8000, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    texts = [path.read_text() for path in [*ROOT.glob("docs/**/*.md"), *ROOT.glob("models/**/*.py")]]
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    fast.save_pretrained(folder)
    torch.manual_seed(7)
    sizes = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 688}
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=8000, max_position_embeddings=2048, **ids, **sizes)).save_pretrained(folder)


if __name__ == "__main__":
    main()
