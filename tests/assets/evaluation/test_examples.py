from assets.evaluation.examples import POPULAR, reason


def test_a_retriever_that_only_counts_points_at_no_history():
    for source in ("popularity", "recent_popularity"):
        assert reason(source, ["Lamp"]) == reason(source, []) == POPULAR


def test_others_name_the_item_that_speaks_most_for_it():
    assert reason("ease", ["Lamp", "Rug"]) == "ease, because of Lamp"
    assert reason("sasrec", []) == "sasrec"
