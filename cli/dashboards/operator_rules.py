"""Prometheus' rules are said once: a cluster's operator gets the same in its own form."""

from pathlib import Path

import yaml

HEAD = "# Made from deploy/monitoring/rules by `make dashboards`.\n"


def operator_rules(folder: Path) -> str:
    """Return every group of the rules in that folder as one PrometheusRule."""
    files = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yml"))]
    made = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "daybook"},
        "spec": {"groups": [group for file in files for group in file["groups"]]},
    }
    return HEAD + yaml.safe_dump(made, sort_keys=False, width=100)
