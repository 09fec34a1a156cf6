"""Boards: nodes and edges, laid out in layers and drawn as SVG or PNG."""
