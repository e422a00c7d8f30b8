"""The secrets of one source: resolved from references, rotated in a private file, shown nowhere.

Built by the composition root, one per source, and handed to adapters in `Tools`. A reference is `env:NAME`,
`file:/path` or `keyring:service/user`; it is read when it is needed, so that an exchanged file is noticed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import msgspec

from connector.errors import SettingsError

PRIVATE = 0o600
OTHERS = 0o077


class Rotated(msgspec.Struct, frozen=True):
    """What the token file holds. `root` is a digest of the configured secrets that the tokens came from: when an admin
    configures new ones, tokens of the old ones no longer count."""

    root: str
    secrets: dict[str, str]


class SourceCredentials:
    """The `Credentials` of one source. Thread-safe, and safe between processes that share `token_file`.

    `references` maps names of secrets to references. Rotated secrets go to `token_file` (mode 0600, replaced as a
    whole, on disk before they are used); without one they live as long as the process.
    """

    def __init__(self, source: str, references: Mapping[str, str], token_file: Path | None = None) -> None:
        self._source = source
        self._references = dict(references)
        self._file = token_file
        self._lock = threading.RLock()
        self._held = 0
        self._kept: Rotated | None = None
        self._seen: tuple[int, int, int] | None = None
        self._keyring: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SourceCredentials({self._source!r}, {sorted(self._references)})"

    def current(self) -> Mapping[str, str]:
        """The secrets by name: the configured ones, with rotated ones in their place.

        Raises SettingsError where a reference cannot be resolved or the token file is open to others."""
        with self._lock:
            configured = self._configured()
            rotated = self._rotated()
            return configured | rotated.secrets if rotated and rotated.root == _digest(configured) else configured

    def replace(self, old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
        """Keep `new` in place of `old` and return what holds now; where others replaced `old` first, that is theirs."""
        with self.renewing():
            now = self.current()
            if dict(now) != dict(old):
                return now
            configured = self._configured()
            changed = {name: value for name, value in new.items() if configured.get(name) != value}
            self._keep(Rotated(_digest(configured), changed))
            return self.current()

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Held by one worker at a time, over all threads and processes, while it fetches new tokens."""
        with self._lock:
            if self._held or self._file is None:
                yield
                return
            with self._locked_file(self._file):
                self._held += 1
                try:
                    yield
                finally:
                    self._held -= 1

    @contextmanager
    def _locked_file(self, file: Path) -> Iterator[None]:
        import fcntl

        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT, PRIVATE)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _configured(self) -> dict[str, str]:
        return {name: self._resolved(name, reference) for name, reference in self._references.items()}

    def _resolved(self, name: str, reference: str) -> str:
        kind, _, place = reference.partition(":")
        if kind == "env":
            return self._filled(name, reference, os.environ.get(place), "Set this variable for the daemon.")
        if kind == "file":
            return self._from_file(name, reference, Path(place))
        if kind == "keyring":
            return self._from_keyring(name, reference, place)
        raise self._broken(name, "is no reference", "Write env:NAME, file:/path or keyring:service/user.")

    def _from_file(self, name: str, reference: str, path: Path) -> str:
        try:
            text = path.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise self._broken(name, f"{reference} cannot be read ({why})", "Put the secret there.") from None
        return self._filled(name, reference, text, "Put the secret there.")

    def _from_keyring(self, name: str, reference: str, place: str) -> str:
        if place not in self._keyring:
            try:
                keyring = import_module("keyring")
            except ImportError:
                raise self._broken(
                    name, f"{reference} needs the package keyring", "Install it, or use env: or file:."
                ) from None
            service, _, user = place.partition("/")
            found = keyring.get_password(service, user)
            self._keyring[place] = self._filled(name, reference, found, f"Run: keyring set {service} {user}.")
        return self._keyring[place]

    def _filled(self, name: str, reference: str, value: str | None, remedy: str) -> str:
        if not value:
            raise self._broken(name, f"{reference} is empty or not there", remedy)
        return value

    def _rotated(self) -> Rotated | None:
        if self._file is None:
            return self._kept
        try:
            state = self._file.stat()
        except FileNotFoundError:
            self._kept = self._seen = None
            return None
        if state.st_mode & OTHERS:
            raise SettingsError(
                f"the token file {self._file} can be read by others.",
                source=self._source,
                remedy=f"Run: chmod 600 {self._file}.",
            )
        seen = (state.st_ino, state.st_mtime_ns, state.st_size)
        if seen != self._seen:
            self._kept, self._seen = self._read(self._file), seen
        return self._kept

    def _read(self, file: Path) -> Rotated:
        try:
            return msgspec.json.decode(file.read_bytes(), type=Rotated)
        except (OSError, msgspec.DecodeError):
            raise SettingsError(
                f"the token file {file} cannot be read.",
                source=self._source,
                remedy="Delete it; the configured secrets are then used again.",
            ) from None

    def _keep(self, rotated: Rotated) -> None:
        """Write the token file so that a crash leaves the old one or the new one, whole."""
        if self._file is None:
            self._kept = rotated
            return
        try:
            descriptor, name = tempfile.mkstemp(prefix=f"{self._file.name}.", dir=self._file.parent)
            draft = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(msgspec.json.encode(rotated))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self._file)
            finally:
                draft.unlink(missing_ok=True)
            _sync_folder(self._file.parent)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"the token file {self._file} cannot be written ({error.strerror}).",
            source=self._source,
            remedy="Make its folder writable for the daemon: a rotated token that is not kept is lost.",
        )

    def _broken(self, name: str, what: str, remedy: str) -> SettingsError:
        return SettingsError(f"the secret {name!r}: {what}.", source=self._source, remedy=remedy)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(secrets: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(secrets.items()))).hexdigest()
