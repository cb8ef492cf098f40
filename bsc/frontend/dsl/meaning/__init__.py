"""What a tree means: names, values, shapes, tensors, operators; a SOURCE graph and sections."""
