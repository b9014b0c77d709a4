"""The defect matrix: every check against every seeded defect and every compliant variant."""
