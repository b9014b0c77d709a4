"""The application management platform of the standard. Not built yet: see docs/not-tested.md."""
