"""Tables as readers see them: CSV, workbook, headings in both languages."""
