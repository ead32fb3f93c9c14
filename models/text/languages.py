"""Words that carry grammar rather than content, and the language they give away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

UNKNOWN = "und"
"""ISO 639-2 code for text whose language cannot be told."""

_WORD_LISTS = {
    "en": """a about above after again all almost also always am an and any are as at be because been before being below
        between both but by can could did do does doing done down during each either else enough etc even ever every few
        for from further get gets give given gives go goes had has have having he her here hers him his how however i if
        in into is it its itself just less let like made make makes many may me might more most much must my neither no
        nor not now of off on once one only onto or other our ours out over own per perhaps rather same she should since
        so some such than that the their theirs them then there these they this those through thus to too under until up
        upon us use used uses using very via was we well were what when where whether which while who whom whose why
        will with within without would yet you your yours""",
    "de": """aber alle als also am an auch auf aus bei beim bis da damit dann das dass dein dem den denn der des die
        dies diese dieser dieses doch du durch ein eine einem einen einer eines er es etwas für gegen hat haben ich ihr
        ihre im in ist ja jede jeder jedes kann kein keine man mehr mit nach nicht noch nur ob oder ohne sehr sein seine
        sich sie sind so über um und uns unser unter vom von vor wann was weil wenn werden wie wir wird zu zum zur""",
    "fr": """à au aux avec ce ces cet cette chez comme dans de des dont du elle en entre est et être eux il ils je la
        le les leur leurs lui mais même mes mon ne nos notre nous on ou où par pas plus pour qu que qui sa sans se ses
        si son sont sous sur ta te tes ton tous tout très tu un une vos votre vous y""",
    "es": """a al algo como con cuando de del desde donde el ella ellos en entre era es esta este esto hay la las le les
        lo los más me mi muy ni no nos o para pero por porque que se ser si sin sobre son su sus también te tiene todo
        tu un una uno unos y ya yo""",
    "it": """a ad al alla alle anche che chi ci come con da dai dal dalla degli dei del della delle di dove e è ed gli
        ha i il in io la le lo loro ma mi ne nei nel nella non o ogni per più quando quella quello questa questo se si
        sono su sua sul sulla suo tra tu tutti un una uno""",
    "nl": """aan al als bij dan dat de deze die dit door een en er geen haar heeft het hij hun ik in is je kan maar meer
        met mijn na naar niet nog nu of om onder ook op over te tot uit uw van veel voor was wat we wel werd wordt zal
        ze zich zijn zo zonder zij""",
    "pt": """a ao aos as com como da das de do dos e é ela ele em entre era essa esse esta este eu foi há isso já mais
        mas me mesmo meu na nas não nem no nos o os ou para pela pelo por qual quando que quem se sem ser seu são só sua
        também te tem um uma você""",
}
FUNCTION_WORDS: dict[str, frozenset[str]] = {code: frozenset(words.split()) for code, words in _WORD_LISTS.items()}
"""ISO 639-1 code -> words of that language that say nothing about an item."""
SMALL_WORDS: frozenset[str] = frozenset().union(*FUNCTION_WORDS.values())
"""Those of all languages."""

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")
_MIN_FOREIGN_WORDS, _MIN_FOREIGN_COUNT, _MIN_FOREIGN_SHARE = 8, 4, 0.15
_MIN_SHARE = 0.1  # of an ordinary text's words at least a third are function words; titles have fewer


def words_of(text: str) -> list[str]:
    """The words of `text` in order, lower case; hyphens and apostrophes inside a word stay."""
    return _WORD.findall(text.lower())


def detect_language(words: Iterable[str]) -> str:
    """The language of some words, from their function words or their script.

    Args:
        words: Lower-case words, as `words_of` gives them.

    Returns:
        An ISO 639-1 code, or `UNKNOWN`. At least two function words and a tenth of all words must speak for a
        language, and more than for any other; a script that belongs to one language decides at once.
    """
    words = list(words)
    joined = "".join(words)
    for code, pattern in _SCRIPTS:
        if pattern.search(joined):
            return code
    counts = {code: sum(map(known.__contains__, words)) for code, known in FUNCTION_WORDS.items()}
    best, runner_up = sorted(counts.values(), reverse=True)[:2]
    if best < max(2, _MIN_SHARE * len(words)) or best == runner_up:
        return UNKNOWN
    return max(counts, key=lambda code: counts[code])


def language_of(text: str) -> str:
    """The language that a text's function words or script give away; `UNKNOWN` where they do not.

    A name in another script, such as a brand's, does not make a language: the script of most words does.
    """
    words = words_of(text)
    plain = [word for word in words if word.isascii() or detect_language([word]) == UNKNOWN]
    return detect_language(plain if 2 * len(plain) >= len(words) else words)


def majority_language(languages: Iterable[str | None]) -> str:
    """The most frequent language that is known, ties to the first in the alphabet; `UNKNOWN` where none is."""
    told = Counter(language for language in languages if language and language != UNKNOWN)
    return min(told, key=lambda code: (-told[code], code)) if told else UNKNOWN


def foreign_language(words: Sequence[str], expected: Collection[str]) -> str | None:
    """The language of some words where it is surely none of those expected.

    It asks for more than `detect_language`, because an answer that is refused was paid for. A script decides where most
    words are written in it.

    Args:
        words: Lower-case words, as `words_of` gives them.
        expected: ISO 639-1 codes; without any, nothing is foreign.

    Returns:
        An ISO 639-1 code, or `None`. Fewer than eight words never suffice. At least four function words and 15 % of
        all words must speak for the other language, and twice as many as for any that is expected.
    """
    if not expected or len(words) < _MIN_FOREIGN_WORDS:
        return None
    for code, pattern in _SCRIPTS:
        if code not in expected and 2 * sum(bool(pattern.search(word)) for word in words) > len(words):
            return code
    counts = {code: sum(map(known.__contains__, words)) for code, known in FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    least = max(_MIN_FOREIGN_COUNT, _MIN_FOREIGN_SHARE * len(words), 2 * max(counts.get(code, 0) for code in expected))
    return best if best not in expected and counts[best] >= least else None
