"""Floor 2: variables, symbolic tensors, the graph they record, and `Layer`."""
