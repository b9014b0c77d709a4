"""The device side of GB/T 28181: what a simulated camera or recorder says to its platform."""
