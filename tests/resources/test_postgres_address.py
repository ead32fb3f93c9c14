import pytest

from resources.postgres_address import connection_of, patient, with_option


@pytest.mark.parametrize(
    ("text", "connection"),
    [
        ("postgres:host=db dbname=shop user=sluice", "host=db dbname=shop user=sluice"),
        ("postgres:service=sluice", "service=sluice"),
        ("postgres:", ""),
        ("postgresql://sluice@db/shop", "postgresql://sluice@db/shop"),
        ("postgres://db:5433/shop?sslmode=require", "postgres://db:5433/shop?sslmode=require"),
        ("postgres:host=db passfile=/etc/sluice.pgpass", "host=db passfile=/etc/sluice.pgpass"),
    ],
)
def test_both_ways_to_write_it(text: str, connection: str):
    assert connection_of(text) == connection


@pytest.mark.parametrize(
    "text",
    [
        "postgres:host=db password=hunter2",
        "postgres:host=db PASSWORD = 'hunter2'",
        "postgres:host=db sslpassword=hunter2",
        "postgresql://sluice:hunter2@db/shop",
        "postgres://db/shop?user=sluice&password=hunter2",
        "postgresql://:hunter2@db/shop",
        "postgresql://sluice:hunter2@@db/shop",
        "postgres://db/shop?p%61ssword=hunter2",
        "postgres:postgresql://sluice:hunter2@db/shop",
    ],
)
def test_a_password_is_refused_and_never_repeated(text: str):
    with pytest.raises(ValueError, match="a password does not belong in the config") as caught:
        connection_of(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "catalog.sqlite", "mysql:host=db", "sqlite:x", "host=db dbname=shop"])
def test_anything_else_is_refused(text: str):
    with pytest.raises(ValueError, match="this is no PostgreSQL catalogue; write e.g. `postgres:host="):
        connection_of(text)


@pytest.mark.parametrize(
    ("connection", "waits"),
    [
        ("host=db", "host=db connect_timeout=10"),
        ("", "connect_timeout=10"),
        ("host=db connect_timeout=3", "host=db connect_timeout=3"),
        ("service=sluice", "service=sluice"),
        ("postgresql://db/shop", "postgresql://db/shop?connect_timeout=10"),
        ("postgresql://db/shop?sslmode=require", "postgresql://db/shop?sslmode=require&connect_timeout=10"),
        ("postgresql://db/shop?connect_timeout=3", "postgresql://db/shop?connect_timeout=3"),
    ],
)
def test_nobody_waits_for_minutes(connection: str, waits: str):
    assert patient(connection) == waits


def test_an_option_that_is_set_stays():
    assert with_option("host=db sslmode=require", "sslmode", "disable") == "host=db sslmode=require"
