"""A real language model that knows nothing: random weights, and a tokenizer that has tokens for any text."""

from pathlib import Path

CORPUS = ['{"item_id": "a mug", "summary": "the red brass lamp, the green chair"}', "Describe the item: a lamp"] * 3
CHAT = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}<|assistant|>"
SPECIAL = ["<s>", "</s>", "<pad>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def byte_tokenizer(chat_template: str | None = None):
    """Any text has tokens, and all tokens together make any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens=SPECIAL[3:],
    )
    made.chat_template = chat_template
    return made


def save_llama(folder: Path, chat_template: str | None = None, seed: int = 7, positions: int = 1024) -> Path:
    """A random Llama of two layers; its logits are wider than its vocabulary, as those of real models are."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer(chat_template)
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = LlamaConfig(
        vocab_size=320, max_position_embeddings=positions, eos_token_id=1, bos_token_id=0, pad_token_id=2,
        initializer_range=0.3, **sizes,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
