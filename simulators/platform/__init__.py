"""A minimal lower platform of GB/T 28181, for tests of platforms that connect to each other."""
