"""The phrases of the features. A step asks for a visit, or asks a probe and compares; no more."""
