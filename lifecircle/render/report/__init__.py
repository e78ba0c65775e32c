"""The report and its figures: one model, as a Word file and as a web page."""
