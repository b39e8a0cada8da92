"""What is read from Request Tracker.

Deleting a ticket is a status that no search shows, and merging one changes neither its status nor
its time: both are known from what happened to it, so the events that tell them are read as well.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="ticket",
        key="id",
        endpoint="/REST/2.0/tickets",
        columns=(
            Column("id", "string"),
            Column("queue", "string", "Queue.Name"),
            Column("status", "string", "Status"),
            # A label where the queue has one for the number, else the number.
            Column("priority", "string", "Priority"),
            Column("requestor_id", "string", "Requestor.0.id"),
            Column("requestor_domain", "string", "Requestor.0.EmailAddress", personal="domain"),
            Column("requestor_organization", "string", "Requestor.0.Organization"),
            # "" on a ticket without any.
            Column("custom_fields", "json", "CustomFields"),
            Column("created_at", "timestamp", "Created"),
            Column("updated_at", "timestamp", "LastUpdated"),
        ),
        cursor=Cursor("updated_at", overlap=timedelta(minutes=10)),
        modified_at="updated_at",
    ),
    Resource(
        name="ticket_event",
        key="id",
        endpoint="/REST/2.0/transactions",
        columns=(
            Column("id", "string"),
            Column("ticket_id", "string", "ObjectId"),
            Column("event_type", "string", "Type"),
            Column("field", "string", "Field"),
            Column("new_value", "string", "NewValue"),
            Column("creator_id", "string", "Creator.id"),
            Column("created_at", "timestamp", "Created"),
        ),
        cursor=Cursor("created_at", overlap=timedelta(minutes=10)),
        modified_at="created_at",
    ),
)

EVENT_TYPES = ("Create", "Status", "Correspond", "Comment", "AddLink")
"""The transactions that are read; a merge is an added link."""
