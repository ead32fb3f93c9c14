from models.profiles.quality.length import lengths


def test_words_are_counted_and_held_to_bounds():
    length, within = lengths(["one", "one two", "one two three four"], (2, 3))
    assert (length.metric, length.value, length.n) == ("length", 7 / 3, 3)
    assert (within.metric, within.value) == ("length_in_bounds", 1 / 3)
