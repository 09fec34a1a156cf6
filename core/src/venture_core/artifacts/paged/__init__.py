"""Pages out of HTML and CSS: what all kinds of documents share that weasyprint lays out."""
