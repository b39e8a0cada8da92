"""The few requests to Airflow's REST API that the demo and its tests need."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

PAGE_LIMIT = 1000
"""`scripts.settings` lets Airflow hand out as many at once."""
FINISHED = frozenset({"success", "failed"})


class AirflowError(Exception):
    """Airflow refused a request; the message holds its answer."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task instance. `seconds` is how long it has run; 0 before it starts."""

    task_id: str
    label: str
    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    run_after: str


class Airflow:
    """Signed in as `admin` where a request needs it; a token lives for a day."""

    def __init__(self, url: str, password: str = "") -> None:
        self.url = url
        self._password = password
        self._token = ""

    def healthy_parts(self) -> set[str]:
        """The parts that say they are well; none while nobody answers."""
        try:
            parts = self._send("GET", "/api/v2/monitor/health")
        except (AirflowError, OSError):
            return set()
        return {name for name, part in parts.items() if part.get("status") == "healthy"}

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self.request("GET", "/api/v2/dags")["dags"]}

    def trigger(self, dag_id: str, form: dict[str, Any] | None = None) -> Run:
        """Starts a run; `form` has the fields that the DAG's form asks for."""
        body = {"logical_date": None, "conf": form or {}}
        return _run(self.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body))

    def unfinished(self) -> list[Run]:
        """Runs that are queued or running."""
        path = "/api/v2/dags/~/dagRuns?state=queued&state=running&limit=100"
        return [_run(run) for run in self.request("GET", path)["dag_runs"]]

    def fail(self, run: Run) -> None:
        """Ends a run, with its tasks, as failed."""
        self.request("PATCH", _path(run), {"state": "failed"})

    def runs(self, runs: list[Run]) -> list[Run]:
        """The runs as they are now, in one request."""
        earliest = quote(min(run.run_after for run in runs))
        path = f"/api/v2/dags/~/dagRuns?run_after_gte={earliest}&limit=100"
        now = {run.run_id: run for run in map(_run, self.request("GET", path)["dag_runs"])}
        return [now[run.run_id] for run in runs]

    def latest(self, dag_id: str, known: frozenset[str]) -> Run | None:
        """The newest run of a DAG that is not one of `known`."""
        path = f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=10"
        runs = [_run(run) for run in self.request("GET", path)["dag_runs"]]
        return next((run for run in runs if run.run_id not in known), None)

    def tasks(self, runs: list[Run]) -> dict[str, list[Task]]:
        """The task instances of some runs, by run, in one request (at most PAGE_LIMIT)."""
        earliest = quote(min(run.run_after for run in runs))
        dags = "&".join(f"dag_ids={run.dag_id}" for run in runs)
        which = f"run_after_gte={earliest}&{dags}&limit={PAGE_LIMIT}"
        path = f"/api/v2/dags/~/dagRuns/~/taskInstances?{which}"
        found: dict[str, list[Task]] = {run.run_id: [] for run in runs}
        for entry in self.request("GET", path)["task_instances"]:
            if entry["dag_run_id"] in found:
                found[entry["dag_run_id"]].append(
                    Task(
                        task_id=entry["task_id"],
                        # Until a mapped task starts, its label is its number.
                        label=(entry.get("rendered_map_index") or "").strip("0123456789"),
                        state=entry["state"] or "waiting",
                        seconds=float(entry["duration"] or 0),
                    )
                )
        return found

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Asks as `admin`. Raises AirflowError with Airflow's answer when it refuses."""
        if not self._token:
            sign_in = {"username": "admin", "password": self._password}
            self._token = self._send("POST", "/auth/token", sign_in)["access_token"]
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        # The address is this installation's own.
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310
        try:
            with urlopen(request, timeout=30) as reply:  # noqa: S310
                return json.load(reply)
        except HTTPError as error:
            answer = error.read().decode(errors="replace")[:500]
            raise AirflowError(f"{method} {path}: {error.code} {answer}") from None


def _path(run: Run) -> str:
    return f"/api/v2/dags/{run.dag_id}/dagRuns/{quote(run.run_id, safe='')}"


def _run(values: dict[str, Any]) -> Run:
    return Run(values["dag_id"], values["dag_run_id"], values["state"], values["run_after"])
