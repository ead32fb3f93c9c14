"""Personal data in text: e-mail addresses, bank accounts, payment cards, telephone numbers and network addresses.

The patterns are deliberately narrow, and what has check digits is checked: a size, a price, a barcode or an article's
number must not be taken for a telephone number. Why no library does it, with figures: docs/decisions/0014.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

EMAIL = r"[\w.%+\-]{1,64}@[^\W_](?:[\w\-]{0,62}\.){1,4}[^\W\d_]{2,24}\b"
IBAN = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"
CARD = r"\b[3-6]\d(?:[ \-]?\d){12,17}\b"
PHONE = (
    "(?:[+\uff0b]"  # also the wide plus of East Asian keyboards
    r"|\b00)[1-9]\d{0,2}[ .\-/]{0,3}(?:\(\d{1,4}\)[ .\-/]{0,3})?\d(?:[ .\-/]{0,3}\d){6,11}\b"  # +44 20 7946 0958
    r"|\(\d{3}\) ?\d{3}[\-.]\d{4}\b"  # (555) 123-4567
    r"|\b\d{3}-\d{3}-\d{4}\b|\b\d{3}\.\d{3}\.\d{4}\b"  # 555-123-4567
    r"|\b0[1-9]\d{1,3}[ \-/]\d{3,4}[ \-]?\d{3,5}\b"  # 020 7946 0958, 030/90182012
    r"|\b0[1-9](?: \d{2}){4}\b"  # 01 42 68 53 00
)
IP = r"\b\d{1,3}(?:\.\d{1,3}){3}\b|[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}"
CANDIDATE = (
    r"[^\s]@[^\s]|[0-9](?:[ .\-/()]{0,4}[0-9]){6}|\b[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}"
    r"|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
)
"""What can be personal data at all: looser than the rules, cheap for whole columns, small enough for Rust's regex."""

_VERSION = re.compile(r"(?:\bv|version|firmware|release|rev)\.? ?$", re.IGNORECASE)


def _is_iban(text: str) -> bool:
    """Whether the check digits are right: ISO 13616, the number with its first four moved to the end is 1 modulo 97."""
    written = text.replace(" ", "")
    return len(written) >= 15 and int("".join(str(int(sign, 36)) for sign in written[4:] + written[:4])) % 97 == 1


def _is_card(number: str) -> bool:
    """Whether the digits have an issuer's prefix and length, and pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(character) for character in number if character.isdigit()]
    length, first, second = len(digits), digits[0], digits[1]
    lengths = {3: {14, 15}, 4: {16, 19}, 5: {16}, 6: {16, 17, 18, 19}}[first]
    if length not in lengths or (first == 3 and second not in (0, 4, 6, 7, 8)):
        return False
    doubled = [d if i % 2 else 2 * d for i, d in enumerate(digits, start=length % 2)]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "." in text or len([group for group in text.split(":") if group]) >= 4


_RULES: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "email": (re.compile(EMAIL), lambda _: True),
    "iban": (re.compile(IBAN), _is_iban),
    "card": (re.compile(CARD, re.ASCII), _is_card),
    "phone": (re.compile(PHONE, re.ASCII), lambda _: True),
    "ip": (re.compile(IP, re.ASCII), _is_address),
}
"""Kind -> where it may be and whether it is, in the order they are looked for: an account's digits are no telephone."""


def find_personal_data(text: str) -> list[str]:
    """The kinds of personal data in `text`, in the order `email, iban, card, phone, ip`; empty where there is none."""
    return _cleaned(text)[1]


def remove_personal_data(text: str) -> str:
    """`text` with everything that `find_personal_data` finds replaced by a space."""
    return _cleaned(text)[0]


def _cleaned(text: str) -> tuple[str, list[str]]:
    kinds: list[str] = []
    for kind, (pattern, is_one) in _RULES.items():
        left, found = _without(text, pattern, is_one)
        if found:
            text = left
            kinds.append(kind)
    return text, kinds


def _without(text: str, pattern: re.Pattern[str], is_one: Callable[[str], bool]) -> tuple[str, bool]:
    found = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal found
        if not is_one(match.group()) or _VERSION.search(text, max(0, match.start() - 12), match.start()):
            return match.group()
        found = True
        return " "

    return pattern.sub(replaced, text), found
