"""Floor 1: names, types, errors, nested structures, the registry and config (de)serialisation."""
