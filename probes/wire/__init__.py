"""Parts of the wire privacy probe: flows, their classes, and what can be rebuilt from them."""
