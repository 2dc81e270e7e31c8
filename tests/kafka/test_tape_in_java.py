"""A consumer in another language, with nothing but the JDK, passes the conformance tape."""

import shutil
import subprocess
from pathlib import Path

from click.testing import CliRunner

from cli.__main__ import daybook
from cli.local.environment import bare
from cli.local.paths import PROJECT
from cli.tape.recorded import FOLDER, read_tape

CONSUMER = Path(__file__).parent / "java" / "TapeConsumer.java"
WITHIN_SECONDS = 100


def judged(source: Path, folder: Path) -> tuple[int, str]:
    """Let the consumer replay the tape, and the command judge where that ended."""
    java = shutil.which("java")
    assert java is not None, "Java is missing. Fix: sudo apt-get install default-jdk-headless"
    command = (java, str(source), str(PROJECT / FOLDER))
    played = subprocess.run(  # noqa: S603 - our own program
        command, env=bare(), capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS
    )
    assert played.returncode == 0, played.stderr
    file = folder / "end.json"
    file.write_text(played.stdout)
    answer = CliRunner().invoke(daybook, ["tape", "check", str(file)])
    return answer.exit_code, answer.output


def test_a_consumer_in_java_passes_every_scene(tmp_path: Path) -> None:
    scenes = len(read_tape(PROJECT / FOLDER))
    assert judged(CONSUMER, tmp_path) == (0, f"{scenes} of {scenes} scenes passed\n")


def test_a_consumer_in_java_that_takes_late_records_of_an_old_epoch_fails(tmp_path: Path) -> None:
    broken = tmp_path / CONSUMER.name
    right, wrong = "event.epoch() < epoch", "event.epoch() < 0"
    assert right in CONSUMER.read_text()
    broken.write_text(CONSUMER.read_text().replace(right, wrong))
    code, told = judged(broken, tmp_path)
    assert code == 1
    assert {line.partition(":")[0] for line in told.splitlines()[:-1]} == {"new-epoch"}
