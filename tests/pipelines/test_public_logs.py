"""Every public log format from a file to events, by `sluice init` and `sluice validate`."""

import pytest
from public_logs import FILES

COUNTS = {
    "mind": "5 lines read and 10 further events of theirs = 9 accepted + 6 rejected",
    "ebnerd": "4 lines read and 5 further events of theirs = 7 accepted + 2 rejected",
    "ga4": "7 lines read and 6 further events of theirs = 8 accepted + 5 rejected",
    "retail": "5 lines read and 2 further events of theirs = 5 accepted + 2 rejected",
    "segment": "5 lines read and 4 further events of theirs = 6 accepted + 3 rejected",
    "personalize": "3 lines read and 6 further events of theirs = 8 accepted + 1 rejected",
    "amazon2018": "2 lines read = 1 accepted + 1 rejected",
    "amazon2023": "2 lines read = 2 accepted + 0 rejected",
}


@pytest.mark.parametrize("shape", FILES)
def test_init_recognises_the_format_and_validate_counts_every_entry(drafted, invoke, shape):
    project = drafted(shape)
    assert "Recognised as" in project.path.read_text()
    assert invoke("doctor").exit_code == 0
    result = invoke("validate")
    assert result.exit_code == 0 and COUNTS[shape] in result.stdout


@pytest.mark.parametrize("shape", FILES)
def test_events_of_a_line_have_ids_and_numbers_of_their_own(events, shape):
    batch = events(shape)
    rows = batch.accepted
    assert rows["source_line"].is_unique().all()
    assert rows.select("event_id", line=rows["source_line"] // batch.line_scale).is_unique().all()
    days = batch.by_day()
    assert days["n_lines"].sum() == batch.n_lines and days["n_further"].sum() == batch.n_further
    assert (days["n_accepted"] + days["n_rejected"] == days["n_lines"] + days["n_further"]).all()


def test_a_log_of_no_public_format_is_guessed_as_before(tmp_path, monkeypatch, invoke):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("user,item,time\n" + "u1,a,2026-01-01\nu2,b,2026-01-02\n" * 5)
    assert invoke("init", "log.csv").exit_code == 0
    assert "Recognised" not in (tmp_path / "sluice.yaml").read_text()
