"""Slide decks: the SlideSpec, its plan, its gates, and what it is rendered to.

ir → plan → gates → render. Each room knows those before it; `pptx` and `target` put them together.
"""
