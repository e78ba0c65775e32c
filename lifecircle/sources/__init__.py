"""The only readers of disk and net: everything after them takes and gives tables."""
