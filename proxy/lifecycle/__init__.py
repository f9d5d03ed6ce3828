"""How a gateway begins, takes up changes and ends: as one process or several."""
