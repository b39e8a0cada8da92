"""What is read from Roundup: the classes of its classic tracker.

Its REST interface tells no history: changes of a status are known from the versions that landed.
Retiring an item takes it from every list without a trace, so all ids are swept.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

_EVERY_CLASS = (
    Column("created_at", "timestamp", "creation"),
    Column("updated_at", "timestamp", "activity"),
    Column("is_deleted", "boolean"),
)


def _class(name: str, *columns: Column) -> Resource:
    return Resource(
        name=name,
        key="id",
        endpoint=f"/rest/data/{name}",
        columns=(Column("id", "string"), *columns, *_EVERY_CLASS),
        cursor=Cursor("updated_at", overlap=timedelta(minutes=10)),
        modified_at="updated_at",
        deleted_flag="is_deleted",
        sweep=True,
    )


RESOURCES: tuple[Resource, ...] = (
    _class(
        "issue",
        Column("status", "string", "status.name"),
        Column("priority", "string", "priority.name"),
        Column("creator_id", "string", "creator.id"),
        Column("messages", "json"),
    ),
    _class("msg", Column("author_id", "string", "author.id")),
    _class(
        "user",
        Column("domain", "string", "address", personal="domain"),
        Column("organisation", "string"),
    ),
)
