"""Changes one entry of `sources.yml` and leaves every other byte of it as somebody wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ingestion.errors import ConfigurationError
from ingestion.landing import write_atomically

Entry = dict[str, Any]
"""One entry of `sources`: source, tenant, and what else it says."""


def entry_of(home_root: Path, source: str, tenant: str) -> Entry | None:
    """The entry of a source as it is written; None when it has none."""
    path = home_root / "sources.yml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return next((entry for entry in _entries(text) if _is(entry, source, tenant)), None)


def write_entry(home_root: Path, source: str, tenant: str, entry: Entry | None) -> None:
    """Writes what `with_entry` returns; the file changes whole or not at all."""
    write_atomically(home_root / "sources.yml", with_entry(home_root, source, tenant, entry))


def with_entry(home_root: Path, source: str, tenant: str, entry: Entry | None) -> str:
    """The file's text with the entry of a source added, replaced or (None) removed.

    Comments, order and the other entries stay. Raises ConfigurationError for a file that cannot be
    changed this way.
    """
    path = home_root / "sources.yml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    changed = _with(text, source, tenant, entry)
    expected = [other for other in _entries(text) if not _is(other, source, tenant)]
    kept = [other for other in _entries(changed) if not _is(other, source, tenant)]
    found = [other for other in _entries(changed) if _is(other, source, tenant)]
    others = [{**(yaml.safe_load(t) or {}), "sources": None} for t in (text, changed)]
    if kept != expected or found != ([] if entry is None else [entry]) or others[0] != others[1]:
        raise ConfigurationError(
            f"{path} is written in a way that cannot be changed safely: write its sources one a "
            "line, as `- {source: ..., tenant: ...}`, or change it by hand"
        )
    return changed


def _entries(text: str) -> list[Entry]:
    return list((yaml.safe_load(text) or {}).get("sources") or [])


def _is(entry: Entry, source: str, tenant: str) -> bool:
    return (entry["source"], entry["tenant"]) == (source, tenant)


def _with(text: str, source: str, tenant: str, entry: Entry | None) -> str:
    """The text with the entry in place: where it stood, or after the last one."""
    key, section = _section(text)
    if section is None or section.flow_style or not section.value:
        return _rewritten(text, key, section, source, tenant, entry)
    items = section.value
    place = next(
        (n for n, item in enumerate(items) if _is(_entries(text)[n], source, tenant)), None
    )
    if place is None:
        end = _line_end(text, _end(items[-1]))
        line = f"{' ' * section.start_mark.column}- {_flow(entry or {})}\n"
        newline = "" if text[:end].endswith("\n") else "\n"
        return text[:end] + newline + line + text[end:]
    start, end = items[place].start_mark.index, _end(items[place])
    if entry is not None:
        return text[:start] + _flow(entry) + text[end:]
    if len(items) == 1:
        return _rewritten(text, key, section, source, tenant, None)
    return text[: text.rfind("\n", 0, start) + 1] + text[_line_end(text, end) :]


def _section(text: str) -> tuple[Any, Any]:
    """The nodes of the key `sources` and of its list; None where there is none."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "sources":
            return key, value if isinstance(value, yaml.SequenceNode) else None
    return None, None


def _rewritten(
    text: str, key: Any, section: Any, source: str, tenant: str, entry: Entry | None
) -> str:
    """The section written anew, one entry a line; at the end of the text when it had none."""
    entries = [other for other in _entries(text) if not _is(other, source, tenant)]
    entries += [] if entry is None else [entry]
    lines = "".join(f"\n  - {_flow(other)}" for other in entries)
    written = f"sources:{lines}" if lines else "sources: []"
    if key is None:
        newline = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{newline}{written}\n"
    end = _end(section) if section is not None else _line_end(text, key.end_mark.index) - 1
    return text[: key.start_mark.index] + written + text[end:]


def _end(node: Any) -> int:
    """Where a node's own text ends: the mark of a block reaches over the comments that follow."""
    while not isinstance(node, yaml.ScalarNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """After the newline that ends the line; the text's end when it has none."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _flow(entry: Entry) -> str:
    text: str = yaml.safe_dump(entry, default_flow_style=True, sort_keys=False, width=1000)
    return text.strip()
