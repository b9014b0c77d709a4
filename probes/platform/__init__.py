"""Instruments of the operator's platform: pure functions over the recordings of its visits."""
