"""`sluice policies` on the tiny shop, and where there is nothing to say."""

from models.evaluation.off_policy.policy_values import ESTIMATORS


class TestPolicies:
    def test_every_policy_with_a_value_or_a_reason(self, tiny, invoke):
        result = invoke("policies", "-c", tiny.config)
        assert result.exit_code == 0
        n = tiny.warehouse.read("SELECT count(*) AS n FROM core_impressions")["n"][0]
        first, head, *rows = result.stdout.splitlines()
        assert first.startswith(f"{n:,} impressions of 2025-09-01 to 2025-09-14")
        assert head.split()[:3] == ["policy", "estimator", "value"]
        told = [row.split()[:2] for row in rows if row[:1].strip()]
        expected = [["logged", "mean"]]
        expected += [[policy, name] for policy in ("uniform", "recommendations") for name in ESTIMATORS]
        assert told == expected

    def test_the_mean_is_that_of_the_table(self, tiny, invoke):
        sql = """SELECT avg((click_event_day <= DATE '2025-09-14')::INTEGER::DOUBLE) AS rate FROM (
            SELECT coalesce(click_event_day, DATE '9999-01-01') AS click_event_day FROM core_impressions
            WHERE propensity IS NOT NULL)"""
        rate = tiny.warehouse.read(sql)["rate"][0]
        assert f"{rate:.4f}".rstrip("0") in invoke("policies", "-c", tiny.config).stdout

    def test_without_impressions_it_says_what_is_missing(self, copy, refused):
        copy.warehouse.write(lambda connection: connection.execute("DELETE FROM core_impressions"))
        assert "cleaning.impression_event_types" in refused("policies", "-c", copy.config)

    def test_before_a_build_it_says_so(self, copy, refused):
        copy.warehouse.write(lambda connection: connection.execute("DROP TABLE core_impressions"))
        assert "Run `sluice build` first" in refused("policies", "-c", copy.config)
