"""Changes things in a real Request Tracker, and asks it what it holds: over its own REST 2.

Nothing here is shared with ingestion: what the server is asked one by one is the oracle.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import Any, Self

import httpx

from scripts.real.request_tracker import LIBRARY, RequestTracker, settings_of


class Desk:
    """Somebody who works in Request Tracker. Use as a context manager."""

    def __init__(self, server: RequestTracker, login: str = "", password: str = "") -> None:
        self.server = server
        self._http = httpx.Client(
            base_url=f"{server.base_url}/REST/2.0",
            auth=(login or server.login, password or server.password),
            timeout=60,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        reply = self._http.request(method, path, json=body, params=params)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def person(self, email: str, organization: str = "", password: str = "") -> None:
        self._ask(
            "POST",
            "/user",
            {
                "Name": email,
                "EmailAddress": email,
                "Organization": organization,
                "Privileged": 0,
                **({"Password": password} if password else {}),
            },
        )

    def open(self, *requestors: str, **fields: Any) -> list[int]:
        """Creates one ticket for each requestor ('' for none); returns their ids."""
        tickets = [
            {
                "Queue": "General",
                "Subject": f"Question {number}",
                "Content": "What does it cost?",
                "ContentType": "text/plain",
                "Requestor": requestor,
                **fields,
            }
            for number, requestor in enumerate(requestors, 1)
        ]
        return [int(made["id"]) for made in self._ask("POST", "/tickets/bulk", tickets)]

    def set(self, ticket: int, **fields: Any) -> None:
        self._ask("PUT", f"/ticket/{ticket}", fields)

    def say(self, ticket: int, how: str = "correspond", **fields: Any) -> None:
        """Answers (`correspond`) or notes among colleagues (`comment`)."""
        body = {"Content": "It depends.", "ContentType": "text/plain", **fields}
        self._ask("POST", f"/ticket/{ticket}/{how}", body)

    def merge(self, ticket: int, into: int) -> None:
        self._ask("PUT", f"/ticket/{ticket}", {"MergeInto": into})

    def delete(self, ticket: int) -> None:
        self._ask("DELETE", f"/ticket/{ticket}")

    def show(self, ticket: int) -> dict[str, Any]:
        """The ticket as its own page tells it; of a merged one, the one that it lives on in."""
        found: dict[str, Any] = self._ask("GET", f"/ticket/{ticket}")
        return found

    def history(self, ticket: int) -> list[dict[str, Any]]:
        """Everything that happened to a ticket and to those merged into it, by id."""
        fields = "Type,Field,OldValue,NewValue,Created,ObjectId,Creator"
        rows: list[dict[str, Any]] = []
        while True:
            page = str(len(rows) // 100 + 1)
            path = f"/ticket/{ticket}/history"
            reply = self._ask("GET", path, fields=fields, per_page="100", page=page)
            rows += reply["items"]
            if len(rows) >= reply["total"]:
                return sorted(rows, key=lambda row: int(row["id"]))


@dataclass(frozen=True, slots=True)
class Shell:
    """What only the server's administrator can do: Request Tracker's own Perl, on its database."""

    server: RequestTracker

    def run(self, perl: str) -> str:
        """Runs `perl` with ``$admin``, a user who may do everything; returns what it printed."""
        script = (
            "use RT; RT::LoadConfig(); RT::Init(); my $admin = RT::CurrentUser->new; "
            f"$admin->Load('{self.server.login}'); {perl}"
        )
        done = subprocess.run(
            ["perl", "-I", LIBRARY, "-e", script],
            env={**os.environ, **settings_of(self.server.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def grant(self, email: str, *rights: str) -> None:
        for right in rights:
            self.run(
                "my $user = RT::User->new(RT->SystemUser); "
                f"$user->Load('{email}'); $user->SetPrivileged(1); "
                f"$user->PrincipalObj->GrantRight(Right => '{right}', Object => RT->System) "
                "or die;"
            )

    def token(self, email: str) -> str:
        """A new auth token of a user."""
        return self.run(
            "require RT::AuthToken; my $user = RT::User->new(RT->SystemUser); "
            f"$user->Load('{email}'); my $token = RT::AuthToken->new($admin); "
            "my ($ok, $message, $text) = $token->Create("
            "Owner => $user->id, Description => 'Closebook'); die $message unless $ok; print $text;"
        )
