"""Pages that people write as HTML and CSS: a subset without anything that acts or fetches."""
