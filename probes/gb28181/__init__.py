"""What a GB/T 28181 visit says of a device: one module a quantity, all from recordings."""
