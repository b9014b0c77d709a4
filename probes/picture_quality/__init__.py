"""What is wrong with pictures: one instrument a module, each over a few decoded pictures."""
