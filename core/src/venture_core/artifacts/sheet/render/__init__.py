"""Rendering a planned workbook to a .xlsx file."""
