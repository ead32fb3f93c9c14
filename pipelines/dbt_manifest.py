"""dbt's manifest, parsed again only when a file of the dbt project or a setting that it reads changed."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from assets.tables.dbt_models import dbt_environment, dbt_variables
from models.errors import UserError
from resources.code_version import ROOT, code_digest
from resources.settings import Project

DBT_FOLDER = ROOT / "dbt"


def dbt_target(project: Project) -> Path:
    """dbt's target folder, outside the source tree."""
    return project.output / "dbt"


def ensure_manifest(project: Project) -> Path:
    """Path of a manifest that belongs to the current SQL; runs `dbt parse` (a few seconds) when it does not.

    It is parsed with the lake and the variables of the runs, which can then start from what was parsed here.

    Raises:
        UserError: dbt could not parse the project; its words are in the message.
    """
    target = dbt_target(project)
    manifest, stamp = target / "manifest.json", target / "manifest.digest"
    environment, variables = dbt_environment(project), json.dumps(dbt_variables(project.settings))
    parts = [code_digest("dbt"), variables, *environment.values()]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    if manifest.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "parse", "--target-path", str(target)]
    command += ["--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER), "--log-path", str(target)]
    command += ["--vars", variables]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-800:]
        raise UserError(f"dbt could not parse the project: {words}", str(DBT_FOLDER), "Mend the file dbt names.")
    stamp.write_text(digest)
    return manifest
