"""The peers: each module has a `Peer` made from a task, with `build`, `fit`, `evaluate` and `predict`."""
