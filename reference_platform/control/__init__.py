"""Steers cameras: who holds one, what it is told, presets, patrols, the way home."""
