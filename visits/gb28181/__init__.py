"""Visits of devices that register with the harness (GB/T 28181)."""
