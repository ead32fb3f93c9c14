"""dbt's manifest, parsed again only when a file of the dbt project changed."""

import os
import subprocess
import sys
from pathlib import Path

from models.errors import UserError
from resources.code_version import ROOT, code_digest

DBT_FOLDER = ROOT / "dbt"


def ensure_manifest(target: Path) -> Path:
    """Path of a manifest that belongs to the current SQL; runs `dbt parse` (a few seconds) when it does not.

    Args:
        target: dbt's target folder, outside the source tree.

    Raises:
        UserError: dbt could not parse the project; its words are in the message.
    """
    manifest, stamp = target / "manifest.json", target / "manifest.digest"
    digest = code_digest("dbt")
    if manifest.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "SLUICE_CATALOG": ":parse:", "SLUICE_DATA_PATH": ":parse:"}
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", "parse", "--target-path", str(target)]
    command += ["--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER), "--log-path", str(target)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stdout + done.stderr).strip()[-800:]
        raise UserError(f"dbt could not parse the project: {words}", str(DBT_FOLDER), "Mend the file dbt names.")
    stamp.write_text(digest)
    return manifest
