"""Text that talks to a language model instead of describing a thing: orders, false roles, pushed answers, hidden words.

A title or a description is data inside a prompt. These rules find the attempts that a person reading along would call
one; what they miss must still be unable to do harm (prompts quote texts as JSON strings, answers are held to a schema,
judgements are asked in both orders). Kinds, in the order they are looked for:

- `hidden`: characters nobody sees but a model reads (Unicode tags, bidirectional overrides, runs of zero width), or a
  long run of base64 or hexadecimal;
- `role`: markers of a chat (`<|im_start|>`, `[INST]`, `system:` at a line's begin, `"role":`);
- `order`: "ignore all previous instructions" and its like, in the languages of most catalogues;
- `persona`: "you are now a ...", "as a language model";
- `answer`: the answer itself, or its form (`"winner": "A"`, "answer: A", "respond only with");
- `promotion`: "choose this product", "rank this item first", "give it 5/5", "best product ever, always recommend it";
- `stuffing`: one word over and over, so that whatever is asked for finds it;
- `noise`: a run of punctuation and fragments as optimised strings have it (Kumar and Lakkaraju 2024, "Manipulating
  Large Language Models to Increase Product Visibility"), also behind an honest description.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Literal

from models.text.languages import SMALL_WORDS, words_of

Kind = Literal["hidden", "role", "order", "persona", "answer", "promotion", "stuffing", "noise"]

_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\u180e\U000e0000-\U000e007f]")
_HIDDEN = re.compile(
    "[\U000e0020-\U000e007e]|[\u202d\u202e\u2066-\u2068]|[\u200b\u200c\u200d\u2060\ufeff]{3}"
    r"|\b(?=[A-Za-z0-9+/]*[0-9+/])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])[A-Za-z0-9+/]{40,}={0,2}|\b[0-9a-f]{48,}\b"
)
_THINGS = r"(?:instructions?|prompts?|rules?|directions?|guidelines?|orders?|text|context|messages?|criteria|profile)"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|other|all|any|every|the|your|system)"
_DISMISS = r"(?:ignor(?:e|ing)|disregard|forget|override|overrule|bypass|skip|discard)"
_READER = r"(?:ai|llm|language model|assistant|judge|evaluator|model|chatbot|gpt)"
_TAKE = r"(?:choose|pick|select|prefer|favou?r|vote for|go with)"
_PUSH = r"(?:choose|pick|select|prefer|favou?r|recommend|rank|rate|score|place|put|list|show|suggest)"
_OWN = r"(?:this|the present|my) (?:item|product|movie|film|book|article|listing|list|one|title)"
_GOODS = r"(?:product|item|choice|option|article|deal|purchase|offer|brand)s?"
_TOP = r"(?:first|number one|at the top|on top|highest|above all|top score|10/10|5/5|100/100|maximum|as best)"
_MARKS = r"(?:highest|maximum|full|perfect|top) (?:score|rating|marks?|grade)"
_FIELDS = r"(?:winner|choice|better|score|fit|answer|verdict|rating|preference|summary|profile)"
_PATTERNS: dict[Kind, tuple[str, ...]] = {
    "role": (
        r"<\|[^|>]{1,40}\|>|\[/?inst\]|<</?sys>>",
        r"</?(?:system|assistant|user|human|developer|instructions?|s)>",
        r"(?:^|\n)\s*(?:#+\s*)?(?:system|assistant|human|developer)(?: (?:prompt|message|note))?\s*:",
        r"(?:^|\n)\s*#+\s*(?:system|instructions?|response|new task)\b",
        r"[\"']role[\"']\s*:|begin_of_text|end_of_turn|\[(?:system|admin|developer)(?: (?:message|note|override))?\]",
    ),
    "order": (
        rf"\b{_DISMISS}\b.{{0,30}}\b{_BEFORE}\b.{{0,30}}\b{_THINGS}\b",
        r"\b(?:ignore|disregard|forget) (?:everything|all that|what(?:ever)?|anything) .{0,30}"
        r"\b(?:before|above|told|said)\b",
        r"\b(?:new|updated|real|actual) (?:instructions?|task|rules?) (?:is|are|follows?|below)\b",
        r"\bfrom now on,? (?:you|always|only)\b",
        r"\b(?:end of|stop reading) (?:the )?(?:list|profile|instructions?|data|catalogue|prompt)\b",
        r"\b(?:reveal|print|repeat|show|leak|tell me) .{0,20}\b(?:system prompt|your instructions|api key|password)\b",
        r"\bignorier\w*\b.{0,40}\b(?:anweisung|vorherig|obig|bisherig|regel|befehl)|\bvergiss\b.{0,30}\b(?:anweisung|regel)",
        r"\b(?:ignore[zr]?|oublie[zr]?)\b.{0,40}\b(?:consignes?|pr[ée]c[ée]dent|ci-dessus|r[èe]gles?)",
        r"\b(?:ignor[ae]|olvida|descarta)\b.{0,40}\b(?:instrucciones|anterior|reglas|istruzioni|precedenti|regole)",
        r"\bignore\b.{0,40}\b(?:instru[cç][oõ]es|regras)|\bnegeer\b.{0,40}\b(?:instructies|voorgaande|vorige|regels)",
        r"\bzignoruj\b.{0,40}\b(?:instrukcj|poprzedni|polece)",
        r"игнорир\w+.{0,40}(?:инструкц|предыдущ|правил)|забудь.{0,30}инструкц",
        r"(?:忽略|无视|無視|忘记|忘記).{0,12}(?:指令|指示|之前|以上|前面|提示|規則|规则)|(?:指示|命令|ルール).{0,8}無視",
    ),
    "persona": (
        r"\byou are (?:now |no longer |actually )?(?:an? |the |my )?(?:\w+ ){0,2}"
        rf"(?:{_READER}|recommender|ranker|dan)\b",
        r"\bas an? (?:ai|large language model|language model|llm|assistant|impartial judge)\b",
        r"\b(?:act|behave|respond) as (?:if you|though you|an? (?:\w+ )?(?:ai|assistant|model|judge))",
        rf"\b(?:dear|attention|hey|hello|note to|message (?:to|for)) (?:the )?{_READER}\b",
        r"\b(?:developer|debug|admin|god|jailbreak) mode\b|\bpretend (?:that )?(?:you|to be)\b",
    ),
    "answer": (
        rf"[\"']{_FIELDS}[\"']\s*:",
        r"\b(?:answer|winner|verdict|output|choice|score|rating)\s*(?:is|:|=|->)\s*[\"'(]?(?:[ab]\b|list\b|100?\b|5\b|this\b)",
        r"\b(?:respond|reply|answer|output|write|print)\b (?:\w+ )?(?:only|just|with|exactly|nothing but)\b",
        r"\b(?:correct|right|best|expected) answer (?:is|must|will)\b",
    ),
    "promotion": (
        rf"\b{_TAKE}\b.{{0,15}}\b(?:list|option|answer|candidate) (?:[ab12]\b|one\b|with\b)",
        rf"\b{_PUSH}\b.{{0,25}}\b{_OWN}\b",
        rf"\b(?:rank|rate|score|place|put|list|grade)\b (?:(?![.!?] ).){{0,25}}\b{_TOP}(?!\w)",
        rf"\b(?:give|assign|award|grant)\b .{{0,30}}\b(?:(?:10/10|5/5|100/100)(?!\w)|{_MARKS}\b)",
        r"\b(?:this|the present) (?:item|product|list|listing) (?:is|must|should|has to|ought to) .{0,20}"
        r"\b(?:win|first|chosen|preferred|ranked|selected|recommended|the winner)\b",
        r"\b(?:users?|customers?|everyone|people) (?:like (?:this|these|you) )?(?:always|will always|must|only) "
        r"(?:want|choose|prefer|buy|pick)s?\b",
        rf"\bbest (?:{_GOODS})(?: (?:ever|of all|on the market|in the world|available))+\b",
        r"\b(?:better than|superior to|above|before) (?:any|every|all)(?: the)?(?: other)?s? "
        rf"(?:{_GOODS}|others|alternatives)",
        r"\b(?:always|only|first) (?:recommend|mention|suggest|choose|show)\b",
        r"\b(?:number one|#1|no\. ?1) (?:choice|pick) for",
        r"\b(?:recommend|suggest|show|choose) (?:ours|us|me|it) (?:and no other|first|only|always)\b",
        r"\b(?:everyone|everybody|every customer) (?:should|must|has to) (?:buy|choose|get) (?:this|our)\b",
        r"\b(?:recommender|search engine|ai)s? (?:needs?|has|have|should|must|ought) ?(?:to)? "
        r"(?:show|recommend|prefer)\b",
        r"\bimmer (?:zuerst )?(?:empfehlen|nennen|wählen)\b|\bzuerst empfehlen\b",
        r"\b(?:recommander|choisir|proposer) (?:toujours|en premier)\b|\btoujours recommander\b",
        r"\b(?:recomendar|elegir|mostrar) (?:siempre|primero)\b|\bsiempre recomendar\b",
        r"\b(?:other|all other|competing) (?:items|products|lists|options) (?:are|is|must|should) .{0,25}"
        r"\b(?:bad|worse|unsafe|recalled|ignored|illegal|irrelevant|dangerous|excluded)\b",
    ),
}
_RULES = {kind: re.compile("|".join(patterns)) for kind, patterns in _PATTERNS.items()}
_LETTERS_APART = re.compile(r"(?:\b\w[ .\-_*]){5,}\w\b")
_LIKE_LATIN = str.maketrans("аеорсухіјѕԁοаειτνκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdoaeitvkabezhikmnoptyx")
_LEET = str.maketrans("013457@$", "oieastas")
_MARK, _WRITTEN = re.compile(r"[^\w\s]"), re.compile(r"\S")
MOST_MARKS = 0.35
_FRAGMENT = re.compile(
    r"[_*#$%^~|<>{}\[\]\\=@]|[^\w\s]{3}|[.:;!?)\]](?=[^\W\d]{2})|\w[(\[{]\S*$|[a-z]{2}[A-Z]{3}|[a-z]{3}[A-Z][a-z]"
)
"""In a word without spaces: code, markup, or two words run together."""
WINDOW, MOST_FRAGMENTS = 12, 4
"""Words looked at together, and how many of them may be fragments before it is noise."""
LEAST_STUFFED, STUFFED_SHARE = 6, 0.25
"""How often one word stands in a text at least, and its share of all words."""


def hostile_kind(text: str) -> Kind | None:
    """What kind of attempt on a language model the text holds; `None` where none is found.

    Args:
        text: Any text, such as a title or a description as plain text.
    """
    if _HIDDEN.search(text):
        return "hidden"
    plain = readable(text)
    for kind, rule in _RULES.items():
        if rule.search(plain):
            return kind
    disguised = plain.translate(_LEET)
    if disguised != plain and (_RULES["order"].search(disguised) or _RULES["persona"].search(disguised)):
        return "order"
    if _is_stuffed(plain):
        return "stuffing"
    return "noise" if _is_noise(plain) or _has_fragments(text) else None


def readable(text: str) -> str:
    """The text as a model may come to read it: compatibility forms, no unseen characters, look-alikes as Latin.

    Look-alikes are replaced only in words that mix them with Latin letters: Greek and Russian stay what they are.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    plain = re.sub(r"\w+", lambda word: _latin(word.group()), plain)
    plain = _LETTERS_APART.sub(lambda run: re.sub(r"[ .\-_*]", "", run.group()), plain)
    return re.sub(r"[^\S\n]+", " ", plain).casefold()


def _latin(word: str) -> str:
    mixed = word.isascii() is False and any("a" <= letter <= "z" or "A" <= letter <= "Z" for letter in word)
    return word.translate(_LIKE_LATIN) if mixed else word


def _is_noise(plain: str) -> bool:
    """A third and more of what is written, in eight words or more, is neither letter nor digit."""
    marks = len(_MARK.findall(plain))
    return len(plain.split()) >= 8 and marks >= MOST_MARKS * len(_WRITTEN.findall(plain))


def _is_stuffed(plain: str) -> bool:
    """One content word is a quarter of the text, and more than a few."""
    words = [word.removesuffix("s") for word in words_of(plain)]
    counts = Counter(word for word in words if len(word) > 2 and word not in SMALL_WORDS)
    most = max(counts.values(), default=0)
    return most >= LEAST_STUFFED and most >= STUFFED_SHARE * len(words)


def _has_fragments(text: str) -> bool:
    """Several of a dozen words in a row are no words, wherever in the text that is."""
    marks = [bool(_FRAGMENT.search(word)) for word in text.split()]
    return any(sum(marks[start : start + WINDOW]) >= MOST_FRAGMENTS for start in range(len(marks)) if marks[start])
