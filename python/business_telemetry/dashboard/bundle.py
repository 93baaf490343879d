"""The page's modules as one script: a browser loads no module from a file, and a snapshot is a file."""

from __future__ import annotations

import re
from pathlib import Path

IMPORT = re.compile(r'^import (?:\* as (\w+)|\{([^}]*)\}) from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (const|class) (\w+)", re.MULTILINE)


def bundle(directory: Path, entry: str) -> str:
    """The module and everything that it imports, each once and after what it needs."""
    order: dict[str, str] = {}

    def visit(name: str) -> None:
        text = (directory / f"{name}.js").read_text(encoding="utf-8")
        for match in IMPORT.finditer(text):
            if match[3] not in order:
                visit(match[3])
        order[name] = text

    visit(entry)
    return "\n".join(_module(name, text) for name, text in order.items())


def _module(name: str, text: str) -> str:
    """A module as a function that returns its exports."""
    exports = ", ".join(match[2] for match in EXPORT.finditer(text))
    body = IMPORT.sub(lambda match: f"const {match[1] or f'{{{match[2]}}}'} = module_{match[3]};", text)
    body = EXPORT.sub(lambda match: f"{match[1]} {match[2]}", body)
    return f"const module_{name} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"
