"""What the platform keeps of its channels: segments on disk, their index, their retention."""
