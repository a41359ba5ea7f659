"""From starting the mock to its open port, in milliseconds: the median of eleven."""

import os
import subprocess
import sys
import tempfile
import time

times = []
for _ in range(11):
    with tempfile.TemporaryDirectory() as folder:
        port = os.path.join(folder, "port")
        start = time.perf_counter()
        mock = subprocess.Popen([sys.argv[1], "mock", "--listen", "127.0.0.1:0", "--port-file", port], stderr=subprocess.DEVNULL)
        while not os.path.exists(port):
            time.sleep(0.0002)
        times.append((time.perf_counter() - start) * 1000)
        mock.terminate()
        mock.wait()
print(f"median {sorted(times)[5]:.1f} ms, longest {max(times):.1f} ms")
