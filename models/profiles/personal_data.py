"""Personal data in text: e-mail addresses, telephone numbers and payment card numbers.

The patterns are deliberately narrow: a size, a price or a barcode must not be taken for a telephone number.
"""

from __future__ import annotations

import re

EMAIL = r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.){1,4}[A-Za-z]{2,24}\b"
PHONE = (
    r"(?:\+|\b00)[1-9]\d{0,2}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?\d(?:[ .\-]?\d){6,11}\b"  # +44 20 7946 0958
    r"|\(\d{3}\) ?\d{3}[\-.]\d{4}\b"  # (555) 123-4567
    r"|\b\d{3}-\d{3}-\d{4}\b|\b\d{3}\.\d{3}\.\d{4}\b"  # 555-123-4567
    r"|\b0[1-9]\d{1,3}[ \-]\d{3,4}[ \-]?\d{3,4}\b"  # 020 7946 0958
)
CARD = r"\b[3-6]\d(?:[ \-]?\d){12,17}\b"
CANDIDATE = f"{EMAIL}|{PHONE}|{CARD}"
"""What can be personal data at all; a superset of `find_personal_data`, cheap enough for whole columns."""

_EMAIL, _PHONE, _CARD = re.compile(EMAIL), re.compile(PHONE, re.ASCII), re.compile(CARD, re.ASCII)


def _is_card(number: str) -> bool:
    """Whether the digits have an issuer's prefix and length, and pass the Luhn check (ISO/IEC 7812-1)."""
    digits = [int(character) for character in number if character.isdigit()]
    length, first, second = len(digits), digits[0], digits[1]
    lengths = {3: {14, 15}, 4: {16, 19}, 5: {16}, 6: {16, 17, 18, 19}}[first]
    if length not in lengths or (first == 3 and second not in (0, 4, 6, 7, 8)):
        return False
    doubled = [d if i % 2 else 2 * d for i, d in enumerate(digits, start=length % 2)]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def find_personal_data(text: str) -> list[str]:
    """The kinds of personal data in `text`, in the order `email`, `card`, `phone`; empty where there is none."""
    found = ["email"] if _EMAIL.search(text) else []
    cards = [match.group() for match in _CARD.finditer(text) if _is_card(match.group())]
    if cards:
        found.append("card")
    if _PHONE.search(_without_cards(text)):
        found.append("phone")
    return found


def _without_cards(text: str) -> str:
    return _CARD.sub(lambda match: " " if _is_card(match.group()) else match.group(), text)


def remove_personal_data(text: str) -> str:
    """`text` with every e-mail address, card and telephone number replaced by a space."""
    return _PHONE.sub(" ", _without_cards(_EMAIL.sub(" ", text)))
