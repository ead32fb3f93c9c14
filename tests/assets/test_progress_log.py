from assets.progress_log import log_now_and_then


def test_a_line_every_ten_seconds_and_one_at_the_end():
    now, lines = [0.0], []
    progress = log_now_and_then(lines.append, lambda: now[0])
    for step in range(1, 1_001):
        now[0] += 0.03125
        progress(f"train sasrec: loss {step}", step, 1_000)
    assert lines == [
        "train sasrec: loss 1 (1 of 1,000)",
        "train sasrec: loss 321 (321 of 1,000)",
        "train sasrec: loss 641 (641 of 1,000)",
        "train sasrec: loss 961 (961 of 1,000)",
        "train sasrec: loss 1000 (1,000 of 1,000)",
    ]
