"""What `workspace.yaml` loads: the definitions of the project named by `$SLUICE_CONFIG` or `./sluice.yaml`."""

from pipelines.definitions import build_definitions
from resources.settings import load_project

defs = build_definitions(load_project())
