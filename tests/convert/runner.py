"""Runs scripts one after the other in one process: `python runner.py a.py b.py`; prints a JSON line for each.

A process for each script would spend its time on importing torch and Lightning.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import runpy
import sys
import traceback
import warnings

import torch

if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Lightning's advice about workers and devices
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for path in sys.argv[1:]:
        written, error = io.StringIO(), ""
        try:
            with contextlib.redirect_stdout(written):
                runpy.run_path(path, run_name="__main__")
        except BaseException:
            error = traceback.format_exc()
        print(json.dumps({"path": path, "output": written.getvalue(), "error": error}), flush=True)
