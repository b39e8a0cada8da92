"""Renders README.md and docs/ as plain HTML pages: `python -m scripts.docs_site FOLDER`."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt

from scripts.settings import ROOT

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; }
body { padding: 0 1rem; }
nav { font-size: .9rem; margin-bottom: 2rem; }
pre { overflow-x: auto; padding: .8rem; background: rgb(127 127 127 / .12); border-radius: 6px; }
code { font-size: .9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid rgb(127 127 127 / .4); padding: .3rem .6rem; text-align: left; }
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Closebook</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body><nav><a href="{up}index.html">All pages</a></nav>
{body}
</body></html>
"""


def render_site(folder: Path, root: Path = ROOT) -> int:
    """Writes one page per Markdown file and an index; returns how many pages there are."""
    sources = [
        *(path for path in (root / "README.md", root / "CONTRIBUTING.md") if path.is_file()),
        *sorted((root / "docs").rglob("*.md")),
    ]
    markdown = MarkdownIt("commonmark").enable("table")
    groups: dict[str, list[str]] = {}
    for source in sources:
        name = source.relative_to(root)
        text = source.read_text(encoding="utf-8")
        title = _title(text, source.stem)
        body = re.sub(r'(href="[^":]+)\.md(["#])', r"\1.html\2", markdown.render(text))
        page = folder / name.with_suffix(".html")
        _write(page, title, body, "../" * (len(name.parts) - 1))
        link = f'<li><a href="{name.with_suffix(".html").as_posix()}">{html.escape(title)}</a></li>'
        groups.setdefault(name.parent.as_posix(), []).append(link)
    lists = [
        f"<h2>{'start here' if group == '.' else html.escape(group)}</h2><ul>{''.join(links)}</ul>"
        for group, links in groups.items()
    ]
    _write(folder / "index.html", "Documentation", f"<h1>Closebook</h1>{''.join(lists)}", "")
    return len(sources)


def _title(text: str, otherwise: str) -> str:
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1] if heading else otherwise


def _write(page: Path, title: str, body: str, up: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    text = PAGE.format(title=html.escape(title), style=STYLE, up=up, body=body)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    print(f"{render_site(Path(sys.argv[1]))} pages")
