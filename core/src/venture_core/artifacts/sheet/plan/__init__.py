"""Planning a workbook: every value, what is computed too, and how wide columns are."""
