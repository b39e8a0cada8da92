"""What is read from Zendesk.

A list of satisfaction ratings can only be filtered by the time the rating was offered, and it is
answered later: the look-back re-reads the trailing month.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="organization",
        key="id",
        endpoint="/api/v2/incremental/organizations.json",
        columns=(
            Column("id", "string"),
            Column("name", "string"),
            Column("external_id", "string"),
            Column("domain", "string", "organization_fields.domain"),
            Column("created_at", "timestamp"),
            Column("updated_at", "timestamp"),
            Column("deleted_at", "timestamp"),
        ),
        cursor=Cursor("updated_at", overlap=timedelta(minutes=10)),
        modified_at="updated_at",
    ),
    # The id is hashed as the tickets' requester is: the two still meet.
    Resource(
        name="user",
        key="id",
        endpoint="/api/v2/incremental/users.json",
        columns=(
            Column("id", "string", personal="hash"),
            Column("name", "string", personal="drop"),
            Column("phone", "string", personal="drop"),
            Column("email_domain", "string", "email", personal="domain"),
            Column("role", "string"),
            Column("organization_id", "string"),
            Column("active", "boolean"),
            Column("created_at", "timestamp"),
            Column("updated_at", "timestamp"),
        ),
        cursor=Cursor("updated_at", overlap=timedelta(minutes=10)),
        modified_at="updated_at",
    ),
    Resource(
        name="ticket",
        key="id",
        endpoint="/api/v2/incremental/tickets/cursor.json",
        columns=(
            Column("id", "string"),
            Column("organization_id", "string"),
            Column("requester_id", "string", personal="hash"),
            Column("status", "string"),
            Column("priority", "string"),
            Column("channel", "string", "via.channel"),
            Column("created_at", "timestamp"),
            Column("updated_at", "timestamp"),
        ),
        cursor=Cursor("updated_at", opaque=True),
        modified_at="updated_at",
    ),
    Resource(
        name="ticket_event",
        key="id",
        endpoint="/api/v2/incremental/ticket_events.json",
        columns=(
            Column("id", "string"),
            Column("ticket_id", "string"),
            Column("event_type", "string"),
            Column("updater_role", "string", "metadata.updater_role"),
            Column("created_at", "timestamp"),
            Column("child_events", "json"),
        ),
        cursor=Cursor("created_at", overlap=timedelta(minutes=10)),
        modified_at="created_at",
    ),
    Resource(
        name="satisfaction_rating",
        key="id",
        endpoint="/api/v2/satisfaction_ratings.json",
        columns=(
            Column("id", "string"),
            Column("ticket_id", "string"),
            Column("score", "string"),
            Column("reason", "string"),
            Column("created_at", "timestamp"),
            Column("updated_at", "timestamp"),
        ),
        cursor=Cursor("updated_at", overlap=timedelta(days=30)),
        modified_at="updated_at",
    ),
)
