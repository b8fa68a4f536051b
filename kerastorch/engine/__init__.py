"""Floor 4: the loop and the step. Knows programs, batches and observers; no layer, model, callback or logger."""
