"""GB/T 28181 bodies and codes, without I/O: MANSCDP, MANSRTSP, SDP with y= and f=, PTZCmd, IDs."""
