"""A secret's file is readable for this process alone, or the process does not start."""

import os
from pathlib import Path

from shared.errors import DaybookError

KEY_BYTES = 32
_OTHERS = 0o077
_MORE_THAN_OUR_GROUP_READS = 0o037


def read_key_file(path: Path) -> bytes:
    """Return the 32 bytes of a secret file.

    Raises:
        DaybookError: there is no such file, it is not 32 bytes, or others may read it.
    """
    return checked_key(read_secret_file(path), path)


def read_secret_file(path: Path) -> bytes:
    """Return what a secret file holds.

    Raises:
        DaybookError: there is no such file, or others may read it.
    """
    try:
        _refuse_readable(path)
        return path.read_bytes()
    except OSError as error:
        raise DaybookError(
            f"the secret {path.name} cannot be read ({error.strerror})",
            code="secret-missing",
            fix=f"put 32 random bytes into {path}, readable for the service's user only",
            who_can_help="an operator",
        ) from error


def checked_key(key: bytes, path: Path) -> bytes:
    """Return a key of 32 bytes that came from this file.

    Raises:
        DaybookError: it is not 32 bytes.
    """
    if len(key) != KEY_BYTES:
        raise DaybookError(
            f"the secret {path.name} has {len(key)} bytes, not {KEY_BYTES}",
            code="secret-malformed",
            fix="restore it from the backup of secrets",
            who_can_help="an operator",
        )
    return key


def _refuse_readable(path: Path) -> None:
    its = path.stat()
    # Root reads whatever belongs to somebody: then it matters only that nobody else does.
    is_ours = os.geteuid() in {0, its.st_uid} and not its.st_mode & _OTHERS
    # As Kubernetes mounts a secret for a process that is not root: root's, and our group reads.
    is_mounted = (
        its.st_uid == 0
        and its.st_gid in {os.getegid(), *os.getgroups()}
        and not its.st_mode & _MORE_THAN_OUR_GROUP_READS
    )
    if not is_ours and not is_mounted:
        raise DaybookError(
            f"the secret {path.name} is not this process's alone (owner {its.st_uid}, mode"
            f" {its.st_mode & 0o777:04o})",
            code="secret-readable-for-others",
            fix=f"chown {os.geteuid()} {path} && chmod 600 {path}; if somebody may have read it,"
            " replace it (docs/guides/operating.md, The master key)",
            who_can_help="an operator",
        )
