"""Rendering a planned text to a .docx file."""
