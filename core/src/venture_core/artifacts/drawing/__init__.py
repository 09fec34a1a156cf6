"""Drawings: pages of shapes in points, and what writes them as PDF, SVG and pixels.

Plans become scenes once; each writer draws the same scene, so a page looks alike in all of them.
"""
