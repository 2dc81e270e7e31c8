"""Apache Kafka is refused in one sentence when it is not all there; a node keeps to loopback."""

import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest

from cli.local import kafka
from cli.local.kafka import Node
from cli.local.paths import PROJECT
from shared.errors import UnavailableError


def properties_of(node: Node) -> dict[str, str]:
    """Return what a node is told."""
    node.write_properties(node.data)
    file = Path(node.command[-1])
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def a_java(folder: Path) -> str:
    """A path on which there is a java."""
    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\n")
    java.chmod(0o700)
    return str(java.parent)


def test_a_node_alone_listens_on_loopback_and_makes_no_topics_by_itself(tmp_path: Path) -> None:
    told = properties_of(Node(tmp_path / "kafka", 9092, 9093))
    assert told["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert told["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9092"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:9093"
    assert told["auto.create.topics.enable"] == "false"
    assert (told["default.replication.factor"], told["min.insync.replicas"]) == ("1", "1")
    assert (tmp_path / "kafka").stat().st_mode & 0o777 == 0o700


def test_three_nodes_keep_three_copies_and_a_write_needs_two(tmp_path: Path) -> None:
    voters = {1: "127.0.0.1:1", 2: "127.0.0.1:2", 3: "127.0.0.1:3"}
    told = properties_of(Node(tmp_path, 9092, 9093, 2, voters))
    assert told["node.id"] == "2"
    assert told["controller.quorum.voters"] == "1@127.0.0.1:1,2@127.0.0.1:2,3@127.0.0.1:3"
    assert (told["default.replication.factor"], told["min.insync.replicas"]) == ("3", "2")


def test_a_data_folder_is_made_beside_its_place_for_a_cluster_of_its_own(tmp_path: Path) -> None:
    node = Node(tmp_path, 9092, 9093)
    # Its bytes begin so that the name begins with a dash, as an option does.
    command = node.format_command(UUID(int=0xF8 << 120), tmp_path / "data.new")
    assert "--cluster-id=-AAAAAAAAAAAAAAAAAAAAA" in command
    assert f"--config={tmp_path}/data.new.properties" in command


def test_without_java_or_without_the_jars_the_way_to_them_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="needs Java 17") as refused:
        kafka.refuse_missing_kafka(tmp_path, path=str(tmp_path))
    assert "apt-get install" in (refused.value.fix or "")
    with pytest.raises(UnavailableError, match="is not in build/kafka") as refused:
        kafka.refuse_missing_kafka(tmp_path, path=a_java(tmp_path))
    assert refused.value.fix == "make up BROKER=kafka"


def test_another_jar_than_those_that_were_tried_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kafka_2.13-9.9.9.jar").write_bytes(b"another")
    with pytest.raises(UnavailableError, match="not those that Daybook was tried with"):
        kafka.refuse_missing_kafka(tmp_path, path=a_java(tmp_path))


def test_the_list_of_jars_is_of_the_version_that_is_fetched() -> None:
    pom = (PROJECT / "deploy" / "kafka" / "pom.xml").read_text()
    listed = kafka.TRIED.read_text()
    version = listed.split("kafka_2.13-")[1].split(".jar")[0]
    assert f"<version>{version}</version>" in pom
    assert "://" not in pom


@pytest.mark.parametrize("missing", ["java", "mvn"])
def test_fetching_says_which_program_is_missing(tmp_path: Path, missing: str) -> None:
    script = tmp_path / "deploy" / "kafka" / "fetch"
    script.parent.mkdir(parents=True)
    shutil.copy(PROJECT / "deploy" / "kafka" / "fetch", script)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"java", "mvn", "bash", "dirname", "rm", "env"} - {missing}:
        found = shutil.which(name)
        (programs / name).symlink_to(found or "/bin/true")
    said = subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", str(script)],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr.startswith("Error: Apache Kafka ")
    assert "Fix: sudo apt-get install default-jdk-headless maven" in said.stderr
