"""The offline map: one page that holds all that it needs."""
