from models.profiles.audit import ProfileAudit
from models.profiles.quality.validity import coverage, validity


def test_shares_are_those_of_the_audit():
    audit = ProfileAudit(n_rows=4, invalid={"a": "x"}, missing=["b", "c"], n_expected=5, personal_data={})
    valid = validity(audit)
    assert (valid.metric, valid.value, valid.n) == ("schema_valid_share", audit.schema_valid_share, 4)


def test_coverage_is_of_those_expected():
    covered = coverage(3, 4)
    assert (covered.metric, covered.value, covered.n) == ("coverage", 0.75, 4)
    assert coverage(0, 0).n == 0
