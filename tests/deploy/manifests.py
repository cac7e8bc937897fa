"""The manifests that deploy/kubernetes renders for each overlay."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.services import SERVICES
from cli.services.discovery import ROOT
from cli.services.kubernetes import FOLDER, overlays
from deploy.make_secrets import main as make_secrets

Manifest = dict[str, Any]

OVERLAYS = overlays(ROOT)

LOADED: dict[str, list[Manifest]] = {
    overlay: list(yaml.load_all((ROOT / FOLDER / f"rendered/{overlay}.yaml").read_text(), yaml.CSafeLoader))
    for overlay in OVERLAYS
}
"""All manifests, by overlay."""


def of_kind(overlay: str, *kinds: str) -> dict[str, Manifest]:
    """Return the manifests of some kinds, by their names."""
    return {one["metadata"]["name"]: one for one in LOADED[overlay] if one["kind"] in kinds}


def pod_of(workload: Manifest) -> Manifest:
    """Return the pod specification of a Deployment or Job."""
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def labels_of(workload: Manifest) -> Mapping[str, str]:
    """Return the labels by which policies and Services select its pods."""
    labels: Mapping[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def variables_of(overlay: str, container: Manifest) -> dict[str, str]:
    """Return the variables of a container's environment; its own entries win."""
    settings = [one["configMapRef"]["name"] for one in container.get("envFrom", [])]
    given = {key: value for name in settings for key, value in of_kind(overlay, "ConfigMap")[name]["data"].items()}
    return given | {one["name"]: one["value"] for one in container.get("env", [])}


def secrets_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Return the content of each Secret, by name: `make_secrets` creates the folders for it."""
    for service in SERVICES:
        for variable in (service.store_variable, service.owner_variable):
            monkeypatch.delenv(variable, raising=False)
    make_secrets(folder)
    names = {name for service in SERVICES for name in (service.name, service.migrator)}
    return {
        f"{name.replace('_', '-')}-secrets": {f"{file.name}_FILE": str(file) for file in (folder / name).iterdir()}
        for name in names
    }


def forget_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all environment variables of this process."""
    for name in list(os.environ):
        monkeypatch.delenv(name)


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector selects a pod with these labels."""
    unknown = selector.keys() - {"matchLabels", "matchExpressions"}
    assert not unknown, json.dumps(selector)
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions)
    return wanted.items() <= labels.items() and all(labels.get(one["key"]) in one["values"] for one in expressions)
