"""Ask one address again and again over several connections, in a process of its own; print what came, as JSON.

``python -m bench.load <port> <path> [seconds]``. Plain sockets: a client that costs much measures itself.
"""

import json
import re
import socket
import sys
import threading
import time

CONNECTIONS = 8
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def main(port: int, path: str, seconds: float = 4) -> None:
    times: list[float] = []
    ends = time.perf_counter() + seconds
    threads = [threading.Thread(target=ask_on, args=(port, path, ends, times)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    p50, p99 = (times[len(times) * part // 100] for part in (50, 99))
    print(json.dumps({"per_second": len(times) / seconds, "p50_ms": p50, "p99_ms": p99}))  # noqa: T201 - read by the bench


def ask_on(port: int, path: str, ends: float, times: list[float]) -> None:
    """:raises SystemExit: an answer that is not 200"""
    question = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as server:
        while time.perf_counter() < ends:
            started = time.perf_counter()
            server.sendall(question)
            answer = server.recv(2**18)
            while (head_ends := answer.find(b"\r\n\r\n")) < 0:
                answer += server.recv(2**18)
            found = LENGTH.search(answer, 0, head_ends)
            if b" 200 " not in answer[:16] or not found:
                raise SystemExit(answer[:200])
            left = int(found[1]) - (len(answer) - head_ends - 4)
            while left > 0:
                left -= len(server.recv(min(left, 2**18)))
            times.append((time.perf_counter() - started) * 1000)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:]))
