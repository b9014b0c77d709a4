"""Recordings given back: playback sessions and downloads."""
