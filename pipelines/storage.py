"""The warehouse and the artifact store of a project."""

from resources.artifact_store import ArtifactStore
from resources.settings import Project
from resources.warehouse import Warehouse


def warehouse_of(project: Project) -> Warehouse:
    """The project's warehouse."""
    return Warehouse(catalog_path=str(project.catalog_path), data_path=str(project.data_path))


def artifacts_of(project: Project) -> ArtifactStore:
    """The project's artifact store."""
    return ArtifactStore(root=str(project.output / "artifacts"))
