"""Both overlays as they are rendered, and every process that they start."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.deploy.composed import ROLES_OF
from tests.deploy.kustomized import KUBERNETES, OVERLAYS, Json, containers_of, pod_of, rendered

RENDERED = {name: rendered(KUBERNETES / "overlays" / name) for name in OVERLAYS}
ONCE = {"prepare", "migrate", "check", "bootstrap"}


@dataclass(frozen=True, slots=True)
class Pod:
    """One container of ours: of which overlay and service, in which role, and what it is told."""

    overlay: str
    owner: str
    role: str
    workload: Json
    its: Json

    @property
    def labels(self) -> dict[str, str]:
        """What policies and budgets know it by."""
        told: dict[str, str] = self.workload["spec"]["template"]["metadata"]["labels"]
        return told

    @property
    def settings(self) -> dict[str, str]:
        """What its environment is."""
        told = {each["name"]: each["value"] for each in self.its.get("env", ())}
        for source in self.its["envFrom"]:
            told |= settings(self.overlay, source["configMapRef"]["name"])
        return told

    @property
    def files(self) -> set[str]:
        """The files of secrets that it sees; whole secrets by their names."""
        found: set[str] = set()
        for volume in pod_of(self.workload)["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                (told,) = source.values()
                found |= {each["path"] for each in told.get("items", ())} or {told["name"]}
        return found - {"authorities", "kafka"}

    def __str__(self) -> str:
        return f"{self.overlay} {self.owner} {self.role}"


def of_kind(overlay: str, *kinds: str) -> Iterator[Json]:
    """Yield the resources of these kinds."""
    for each in RENDERED[overlay]:
        if each["kind"] in kinds:
            yield each


def settings(overlay: str, name: str) -> dict[str, str]:
    """Return what stands in one map of settings."""
    maps = of_kind(overlay, "ConfigMap")
    (found,) = (each["data"] for each in maps if each["metadata"]["name"] == name)
    return dict(found)


def _pods() -> Iterator[Pod]:
    for overlay in OVERLAYS:
        for workload in of_kind(overlay, "Deployment", "Job"):
            for its in containers_of(workload):
                python, module, package, role = its["command"]
                owner = package.removeprefix("services.")
                assert (python, module, owner in ROLES_OF) == ("python", "-m", True)
                yield Pod(overlay, owner, role, workload, its)


PODS = list(_pods())
