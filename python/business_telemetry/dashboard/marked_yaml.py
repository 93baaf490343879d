"""YAML with the line of every key, so that a mistake in the catalogue is reported where it was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]


class CatalogueError(Exception):
    """One or more mistakes in the catalogue, a line each: `file:line: what is wrong`."""


@dataclass
class Marked:
    """Plain data and where each part of it stands.

    Attributes:
        data: what the YAML says.
        lines: path of keys and indices -> `file:line`.
    """

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, str] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """`file:line` of the place, or of the innermost part around it that is known."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return "dashboard"


def load_marked(path: Path) -> Marked:
    """Read one YAML file whose top level is a mapping.

    Raises:
        CatalogueError: broken YAML, a key given twice, or no mapping at the top.
    """
    loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
    name = f"{path.parent.name}/{path.name}"
    try:
        node = loader.get_single_node()
        marked = Marked()
        if node is None:
            return marked
        if not isinstance(node, yaml.MappingNode):
            raise CatalogueError(f"{name}:1: expected a mapping such as `charts:` at the top")
        marked.data = _convert(loader, node, (), name, marked.lines)
        return marked
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogueError(f"{name}:{line}: {error.problem or error}") from error
    finally:
        loader.dispose()


def _convert(
    loader: yaml.SafeLoader, node: yaml.Node, place: Place, name: str, lines: dict[Place, str]
) -> Any:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*place, index)] = f"{name}:{item.start_mark.line + 1}"
        return [_convert(loader, item, (*place, i), name, lines) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        line = f"{name}:{key_node.start_mark.line + 1}"
        if key in result:
            raise CatalogueError(f"{line}: `{key}` is given twice")
        lines[(*place, key)] = line
        result[key] = _convert(loader, value_node, (*place, key), name, lines)
    return result
