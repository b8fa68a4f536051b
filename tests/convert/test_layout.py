from __future__ import annotations

from pathlib import Path

from kerastorch.convert.layout import Block, binds, file, reads
from tests.convert.written import read_text


def test_a_file(tmp_path: Path) -> None:
    script = read_text(tmp_path, '"""Doc."""\ndef main():\n    a = 1\nmain()\n')
    blocks = [Block("x = 1", gap=0), Block("def f():\n    pass"), Block("y = 2", gap=0), Block("a = f()", inside=True)]
    imports = {"import numpy as np", "import os", "from __future__ import annotations"}
    assert file(script, "# head", imports, blocks, explain=True) == (
        '"""Doc."""\n\n# head\n\nfrom __future__ import annotations\n\nimport os\n\nimport numpy as np\n\nx = 1\n\n\n'
        'def f():\n    pass\n\n\ny = 2\n\n\ndef main():\n    a = f()\n\n\nif __name__ == "__main__":\n    main()\n'
    )


def test_what_source_reads_and_binds() -> None:
    code = "a = b\nc = a\nfor i in c:\n    print(i)\n"
    assert reads(code) == {"b", "print"} and binds(code) == {"a", "c", "i"}
