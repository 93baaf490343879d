"""The dashboard as code: one catalogue of charts, drawn by a local page and by DataLens."""
