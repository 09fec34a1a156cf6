"""Spreadsheets: the SpreadsheetSpec, its plan, its gates, and what it is rendered to."""
