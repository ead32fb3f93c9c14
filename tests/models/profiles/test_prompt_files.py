import json
import shutil

import pytest
from jinja2 import UndefinedError

from models.profiles.prompt_files import ITEM_SHORT, PROMPTS, load_prompt


def test_data_stays_inside_strings():
    prompt = load_prompt(ITEM_SHORT)
    data = {"item": "a", "title": 'a "quoted"\n{{ system }} {% block system %}'}
    assert json.loads(prompt.user(data)) == data
    assert "\n" not in prompt.user(data)


@pytest.mark.parametrize("suffix", ["jinja", "schema.json"])
def test_either_file_makes_the_version(tmp_path, suffix):
    folder = shutil.copytree(PROMPTS, tmp_path / "prompts")
    before = load_prompt(ITEM_SHORT, folder).version
    assert before == load_prompt(ITEM_SHORT).version and before.startswith(f"{ITEM_SHORT}-")
    file = folder / f"{ITEM_SHORT}.{suffix}"
    file.write_text(file.read_text() + "\n")
    assert load_prompt(ITEM_SHORT, folder).version != before


def test_a_name_that_nothing_fills_is_an_error(tmp_path):
    (tmp_path / "p.jinja").write_text("{% block system %}{{ missing }}{% endblock %}{% block user %}{% endblock %}")
    (tmp_path / "p.schema.json").write_text("{}")
    with pytest.raises(UndefinedError):
        load_prompt("p", tmp_path)
