"""Reports: pages of text, figures, charts and tables of thousands of rows."""
