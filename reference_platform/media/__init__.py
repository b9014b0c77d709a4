"""Live pictures: one pull per source, shared decoding, a watermark and an encoding per viewer."""
