"""Measurements of accuracy and cost against known truth, run by hand."""

import os

# As accept.py has it, before anything loads a linear algebra library.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
