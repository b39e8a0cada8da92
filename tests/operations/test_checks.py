"""What stands in the way is said before anything is started, with what to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.checks import NotReadyError, check_ready
from scripts.settings import ROOT, Settings, SettingsError


def test_an_empty_home_on_free_ports_is_ready(settings: Settings) -> None:
    check_ready(settings)


def test_a_port_in_use_is_named_with_its_holder_and_another_port(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.airflow_port))
        taken.listen()
        with pytest.raises(NotReadyError) as refused:
            check_ready(settings)
    message = str(refused.value)
    assert f"port {settings.airflow_port}, wanted for Airflow, is in use by process" in message
    assert str(os.getpid()) in message
    assert "make demo CLOSEBOOK_AIRFLOW_PORT=" in message


def test_every_port_in_use_is_named_at_once(settings: Settings) -> None:
    with socket.socket() as cockpit, socket.socket() as vendor:
        cockpit.bind(("127.0.0.1", settings.cockpit_port))
        cockpit.listen()
        vendor.bind(("127.0.0.1", settings.vendor_port))
        vendor.listen()
        with pytest.raises(NotReadyError) as refused:
            check_ready(settings)
    assert "the cockpit" in str(refused.value)
    assert "the demo's Salesforce" in str(refused.value)


def test_a_full_disk_is_named_with_what_is_needed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=300_000_000))
    with pytest.raises(NotReadyError, match=r"has 0\.3 GB free, the demo needs 2 GB"):
        check_ready(settings)


def test_a_home_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NotReadyError, match="is not a folder"):
        check_ready(replace(settings, home=tmp_path / "file" / "home"))


def test_a_port_that_is_no_port_is_named() -> None:
    with pytest.raises(SettingsError, match="CLOSEBOOK_DOCS_PORT='80a' is not a port"):
        Settings.load({"CLOSEBOOK_DOCS_PORT": "80a"})


def test_a_wrong_python_is_named_with_what_is_needed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "environment.sh", project / "scripts")
    (project / "requirements.lock").write_text("", encoding="utf-8")
    fake = tmp_path / "bin"
    fake.mkdir()
    for name in ("python3", "python3.11", "python3.12"):
        (fake / name).write_text("#!/bin/sh\necho 3.9\n", encoding="utf-8")
        (fake / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(project / "scripts" / "environment.sh")],
        env={"PATH": f"{fake}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Closebook needs Python 3.11 or 3.12" in done.stderr
    assert "python3: 3.9" in done.stderr
    assert "make demo PYTHON=" in done.stderr


def test_a_python_without_venv_is_named_with_the_package_to_install(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "environment.sh", project / "scripts")
    (project / "requirements.lock").write_text("", encoding="utf-8")
    fake = tmp_path / "python3.11"
    fake.write_text(
        '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *) echo 3.11;; esac\n', encoding="utf-8"
    )
    fake.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(project / "scripts" / "environment.sh")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": str(fake)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "has no venv module" in done.stderr
    assert "python3-venv" in done.stderr
