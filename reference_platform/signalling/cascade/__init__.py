"""Upwards: the platform as a device of an upper one (GB/T 28181-2016 9.1 to 9.12, annex O)."""
