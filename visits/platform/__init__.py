"""What is done with the operator's platform and recorded."""
