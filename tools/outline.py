"""Makes the map's outline, `vendor/outline.js`, from world-atlas' `countries-50m.json` (Natural Earth).

Run `npm pack world-atlas@2.0.2`, unpack it, then `tools/outline.py package/countries-50m.json > outline.js`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

WEST, EAST, SOUTH, NORTH = 15.0, 195.0, 36.0, 83.0  # what a map of Russia shows of its neighbours
RUSSIA = "643"
Ring = list[list[float]]


def decode_arcs(topology: dict[str, Any]) -> list[Ring]:
    """TopoJSON's delta-encoded integers as longitudes and latitudes."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append([x * scale_x + move_x, y * scale_y + move_y])
        arcs.append(line)
    return arcs


def ring_of(arcs: list[Ring], indices: list[int], turn: bool) -> Ring:
    """One ring of arcs end to end; Russia's part beyond 180 degrees is turned to stand east of the rest."""
    ring: Ring = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc if not ring else arc[1:]
    return [[round(x + 360 if turn and x < -100 else x, 2), round(y, 2)] for x, y in ring]


def is_shown(ring: Ring) -> bool:
    """Whether a ring reaches into the map and is large enough to see."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    inside = max(xs) > WEST and min(xs) < EAST and max(ys) > SOUTH and min(ys) < NORTH
    return inside and (max(xs) - min(xs)) * (max(ys) - min(ys)) > 0.3


def thinned(ring: Ring, step: float) -> Ring:
    """Without points nearer than `step` degrees to the one before."""
    kept = [ring[0]]
    for point in ring[1:-1]:
        if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= step:
            kept.append(point)
    return [*kept, ring[0]]


def features(topology: dict[str, Any]) -> list[dict[str, Any]]:
    """Russia and what is around it as GeoJSON."""
    arcs = decode_arcs(topology)
    found = []
    for country in topology["objects"]["countries"]["geometries"]:
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        russia = country.get("id") == RUSSIA
        rings = [ring_of(arcs, polygon[0], russia) for polygon in polygons]
        shapes = [[thinned(r, 0.15 if russia else 0.4)] for r in rings if is_shown(r)]
        shapes = [
            shape
            for shape in shapes
            if len(shape[0]) > 3 and max(x for x, _ in shape[0]) - min(x for x, _ in shape[0]) < 300
        ]
        if shapes:
            name = country["properties"]["name"]
            geometry = {"type": "MultiPolygon", "coordinates": shapes}
            found.append({"type": "Feature", "properties": {"name": name}, "geometry": geometry})
    return found


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    collection = {"type": "FeatureCollection", "features": features(source)}
    print("// Natural Earth (public domain) through world-atlas 2.0.2 (ISC), made by tools/outline.py")
    print(f"echarts.registerMap('russia', {json.dumps(collection, separators=(',', ':'))});")
