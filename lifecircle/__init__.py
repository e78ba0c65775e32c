"""lifecircle: walking-time life circles of a county."""
