"""Floor 2: where and in which numbers a run computes: device, precision, strategy, clipping, and the plan of all."""
