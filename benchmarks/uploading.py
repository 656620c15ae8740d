"""The members' side: avatars of 512 pixels, and a lean HTTP client that sends them."""

from __future__ import annotations

import http.client
import io
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.pictures import scene

SIDE = 512
TOKEN = "c" * 32
"""Of the CSRF cookie: Django wants the form to repeat it."""
BORDER = "a-part-ends-here"


def avatar(seed: int, *, quality: int = 88) -> bytes:
    """Return a photograph-like JPEG of 512 × 512."""
    return encoded(scene(seed, (SIDE, SIDE)), quality)


def copy_of(seed: int) -> bytes:
    """Return the same picture, smaller and recompressed."""
    return encoded(scene(seed, (SIDE, SIDE)).resize((400, 400)), 60)


def encoded(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def form(data: bytes) -> bytes:
    """Return the body of the profile form with this picture."""
    fields = {"csrfmiddlewaretoken": TOKEN, "display_name": "", "about": "", "listed": "on"}
    parts = [
        f'--{BORDER}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    parts.append(
        f'--{BORDER}\r\nContent-Disposition: form-data; name="picture"; filename="avatar.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
    )
    return b"".join([*parts, data, f"\r\n--{BORDER}--\r\n".encode()])


@dataclass(slots=True)
class Client:
    """One keep-alive connection."""

    port: int
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def post(self, body: bytes, session: str) -> int:
        """Send the profile form; the status. Raises OSError and HTTPException."""
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BORDER}",
            "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
        }
        try:
            self.connection.request("POST", "/me/", body, headers)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return answer.status


def send_all(
    jobs: Iterable[tuple[bytes, str]], *, port: int, connections: int = 4
) -> list[tuple[int, float]]:
    """Send every (body, session) over a few connections; (status, seconds) of each, in no order."""
    waiting: queue.SimpleQueue[tuple[bytes, str] | None] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    answers: list[tuple[int, float]] = []

    def work() -> None:
        client = Client(port)
        while not waiting.empty():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            assert job is not None
            began = time.perf_counter()
            status = client.post(*job)
            answers.append((status, time.perf_counter() - began))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not exceeded by ``share`` of the values."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
