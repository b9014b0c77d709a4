"""The platform's clock: whom it is held against, and who may ask it."""
