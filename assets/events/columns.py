"""Columns of the raw tables."""

from assets.graph import Columns

EXPANDED = "; with `events.expand` line x 1,000,000 + entry"

RAW_EVENTS: Columns = {
    "event_id": ("VARCHAR", "The source's id, or a digest of the record's values; equal for exact duplicates"),
    "user_id": ("VARCHAR", "Who; empty for anonymous visitors"),
    "item_id": ("VARCHAR", "What; empty for events without an item, such as searches"),
    "event_type": ("VARCHAR", "impression, click, purchase, ... as named in the config"),
    "event_at": ("TIMESTAMP", "When it happened, UTC"),
    "event_day": ("DATE", "The UTC day of event_at"),
    "value": ("DOUBLE", "A rating or another strength given by the source"),
    "quantity": ("DOUBLE", "Pieces"),
    "price": ("DOUBLE", "Price of one piece"),
    "session_id": ("VARCHAR", "The source's session or invoice"),
    "impression_id": ("VARCHAR", "The list the item was shown in"),
    "position": ("INTEGER", "Place in that list, from 1"),
    "propensity": ("DOUBLE", "Chance that the logging policy showed this item there"),
    "query": ("VARCHAR", "What was searched for"),
    "user_agent": ("VARCHAR", "The client, as it named itself"),
    "item_title": ("VARCHAR", "The item's title on the event, for sources without a catalogue"),
    "country": ("VARCHAR", "The user's country on the event"),
    "currency": ("VARCHAR", "What price and value are in, as the source writes it"),
    "context": ("MAP(VARCHAR, VARCHAR)", "What else the source says, by the names of `events.context`; null: nothing"),
    "source_file": ("VARCHAR", "The file the line came from"),
    "source_line": ("BIGINT", f"The physical line the record starts on, from 1{EXPANDED}"),
    "source_day": ("DATE", "The day of the file (or of the event, for files without a day): the partition"),
    "written_at": ("TIMESTAMP", "The time as written, where `events.time_repairs` read it anew; empty elsewhere"),
}

REJECTED_EVENTS: Columns = {
    "source_file": ("VARCHAR", "The file the line came from"),
    "source_line": ("BIGINT", f"The physical line, from 1{EXPANDED}"),
    "source_day": ("DATE", "The day of the file: the partition"),
    "reason": ("VARCHAR", "Why the line could not become an event"),
    "detail": ("VARCHAR", "The offending value or the parser's words"),
    "line": ("VARCHAR", "The first 500 characters"),
}

SOURCE_FILES: Columns = {
    "source_file": ("VARCHAR", "The file"),
    "source_day": ("DATE", "The day its lines were counted for"),
    "sha256": ("VARCHAR", "Digest of the file as it was read"),
    "n_bytes": ("BIGINT", "Size of the file, compressed as it lies there"),
    "n_lines": ("BIGINT", "Lines read for this day"),
    "n_accepted": ("BIGINT", "Records that became events"),
    "n_rejected": ("BIGINT", "Records that were rejected"),
    "n_further": (
        "BIGINT",
        "Records beyond the first of a line, with `events.expand`; accepted + rejected = lines + these",
    ),
}

RAW_ITEMS: Columns = {
    "item_id": ("VARCHAR", "The item"),
    "title": ("VARCHAR", "Title"),
    "description": ("VARCHAR", "Free text"),
    "category": ("VARCHAR", "Path such as Home > Kitchen"),
    "brand": ("VARCHAR", "Brand or maker"),
    "price": ("DOUBLE", "List price of one piece"),
    "stock": ("DOUBLE", "Pieces that can be had; 0: not to be recommended"),
    "available_from": ("TIMESTAMP", "From when it can be recommended, UTC; empty: always"),
    "withdrawn_at": ("TIMESTAMP", "From when it can no longer be recommended, UTC"),
    "source_file": ("VARCHAR", "The catalogue file"),
    "source_line": ("BIGINT", "The physical line, from 1"),
    "source_day": ("DATE", "The day of the file, whose whole catalogue it is; empty: the catalogue has no days"),
}

REJECTED_ITEMS: Columns = {name: REJECTED_EVENTS[name] for name in REJECTED_EVENTS if name != "source_day"}
