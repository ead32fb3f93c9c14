"""The warehouse and the artifact store of a project."""

from resources.artifact_store import ArtifactStore
from resources.lake_catalogue import PostgresCatalogue
from resources.settings import Project
from resources.warehouse import Warehouse


def warehouse_of(project: Project) -> Warehouse:
    """The project's warehouse."""
    catalogue, data_path = project.catalogue, str(project.data_path)
    if isinstance(catalogue, PostgresCatalogue):
        return Warehouse(postgres=catalogue.connection, schema_name=catalogue.schema, data_path=data_path)
    return Warehouse(catalog_path=str(catalogue.file), data_path=data_path)


def artifacts_of(project: Project) -> ArtifactStore:
    """The project's artifact store."""
    return ArtifactStore(root=str(project.output / "artifacts"))
