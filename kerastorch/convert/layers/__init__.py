"""Emitters: how a call of each layer, module or function is written in PyTorch; one family a file."""
