"""Kustomize without its program, as far as our files use it; make test-extern compares the two."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import yaml

from cli.local.paths import PROJECT

KUBERNETES = PROJECT / "deploy" / "kubernetes"
OVERLAYS = ("dev", "prod")
Json = dict[str, Any]

# What a file of Kustomize may hold here; anything else fails, instead of being passed over.
UNDERSTOOD = {
    "apiVersion", "kind", "namespace", "resources", "components", "images", "configMapGenerator",
    "patches",
}  # fmt: skip
# By which member the parts of a list are told apart when lists are merged.
MERGE_KEYS = {"volumeMounts": "mountPath", "ports": "containerPort"}
WITHOUT_NAMESPACE = {"Namespace"}


def rendered(folder: Path) -> list[Json]:
    """Return every resource of an overlay."""
    return _of(folder, [])


def _of(folder: Path, before: list[Json]) -> list[Json]:
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(told) <= UNDERSTOOD, set(told) - UNDERSTOOD
    resources = before
    for name in told.get("resources", ()):
        path = folder / name
        resources += _of(path.resolve(), []) if path.is_dir() else _read(path)
    for map_of in told.get("configMapGenerator", ()):
        _generate(map_of, folder, resources)
    for name in told.get("components", ()):
        resources = _of((folder / name).resolve(), resources)
    for patch in told.get("patches", ()):
        _patch(patch, folder, resources)
    for image in told.get("images", ()):
        _name_image(image, resources)
    if namespace := told.get("namespace"):
        _put_into(namespace, resources)
    return resources


def _put_into(namespace: str, resources: list[Json]) -> None:
    for each in resources:
        member = "name" if each["kind"] in WITHOUT_NAMESPACE else "namespace"
        each["metadata"][member] = namespace


def _read(path: Path) -> list[Json]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each is not None]


def _generate(told: Json, folder: Path, resources: list[Json]) -> None:
    data = dict(line.split("=", 1) for line in told.get("literals", ()))
    data |= {Path(name).name: (folder / name).read_text() for name in told.get("files", ())}
    if told.get("behavior") == "merge":
        (found,) = (each for each in resources if _is(each, "ConfigMap", told["name"]))
        found["data"] |= data
        return
    metadata: Json = {"name": told["name"]}
    if labels := told.get("options", {}).get("labels"):
        metadata["labels"] = labels
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    resources.append(made)


def _patch(told: Json, folder: Path, resources: list[Json]) -> None:
    target = told["target"]
    text = told["patch"] if "patch" in told else (folder / told["path"]).read_text()
    patch = yaml.safe_load(text)
    for each in resources:
        if _is(each, target["kind"], target.get("name", ".*")):
            given = {key: value for key, value in patch.items() if key != "metadata"}
            _merge(each, copy.deepcopy(given))


def _merge(into: Json, given: Json) -> None:
    for key, value in given.items():
        there = into.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            _merge(there, value)
        elif _is_list_of_parts(value) and isinstance(there, list) and _is_list_of_parts(there):
            _merge_parts(key, there, value)
        else:
            into[key] = value


def _is_list_of_parts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _merge_parts(key: str, there: list[Json], given: list[Json]) -> None:
    by = MERGE_KEYS.get(key, "name")
    for part in given:
        same = [each for each in there if each.get(by) == part.get(by)]
        if same:
            _merge(same[0], part)
        else:
            there.append(part)


def _name_image(told: Json, resources: list[Json]) -> None:
    name = told.get("newName", told["name"])
    full = f"{name}@{told['digest']}" if "digest" in told else f"{name}:{told['newTag']}"
    for each in resources:
        for container in containers_of(each):
            if container["image"] == told["name"]:
                container["image"] = full


def containers_of(resource: Json) -> list[Json]:
    """Return the containers of a workload, those that come before included."""
    pod = pod_of(resource)
    return [*pod.get("initContainers", ()), *pod.get("containers", ())]


def pod_of(resource: Json) -> Json:
    """Return what a workload's pods are; nothing for what has none."""
    found: Json = resource.get("spec", {}).get("template", {}).get("spec", {})
    return found


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted(
            (_sorted(each) for each in value), key=lambda e: json.dumps(e, sort_keys=True)
        )
    return value


def _is(resource: Json, kind: str, name: str) -> bool:
    return resource["kind"] == kind and re.fullmatch(name, resource["metadata"]["name"]) is not None
