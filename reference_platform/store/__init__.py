"""What the platform remembers: typed tables, one database, its migrations."""
