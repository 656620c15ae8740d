"""The decoder sees what Chromium shows, pixel by pixel."""

from __future__ import annotations

import base64
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from moderation.domain.analysis import Limits
from moderation.domain.imaging.decoding import decode
from moderation.domain.imaging.opening import open_picture, refusing
from tests.domain.built import Drawn, Part, apng, chunk, gif, with_chunks
from tests.domain.drawn import analysed, distance, file_of, waves
from tests.domain.modes import TYPES, files, profiles

Pixels = NDArray[np.float64]
"""Shape ``(height, width, 4)``: colour times alpha, and alpha, 0 to 255."""
Shown = Callable[[bytes, str], list[Pixels]]

NEAR = 5
"""Levels: blending in 8 bits rounds."""
SEEDS = range(25)
COPY = 26
"""Bits of ``dhash256`` that a copy may be away from the ban: it is rejected."""
WIDE = (31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000)
"""White point and primaries of a wide-gamut display, as a PNG says them."""

FRAMES = """async ([data, type]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const decoder = new ImageDecoder({data: bytes, type});
  await decoder.tracks.ready; await decoder.completed;
  const shown = [];
  for (let i = 0; i < decoder.tracks.selectedTrack.frameCount; i++) {
    const frame = (await decoder.decode({frameIndex: i})).image;
    const canvas = new OffscreenCanvas(frame.displayWidth, frame.displayHeight);
    const context = canvas.getContext('2d');
    context.drawImage(frame, 0, 0);
    frame.close();
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let text = '';
    for (let j = 0; j < pixels.length; j += 32768)
      text += String.fromCharCode.apply(null, pixels.subarray(j, j + 32768));
    shown.push([canvas.width, canvas.height, btoa(text)]);
  }
  return shown;
}"""


@pytest.fixture
def chromium_shows(chromium: Any, site: str) -> Iterator[Shown]:
    """Return the frames of a file as the browser composes them. A secure context has the decoder's interface."""
    page = chromium.new_page()
    page.goto(f"{site}/robots.txt")

    def shown(data: bytes, kind: str) -> list[Pixels]:
        frames = page.evaluate(FRAMES, [base64.b64encode(data).decode(), kind])
        return [
            premultiplied(np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4))
            for width, height, pixels in frames
        ]

    yield shown
    page.close()


def premultiplied(pixels: NDArray[np.uint8]) -> Pixels:
    values = pixels.astype(np.float64)
    values[..., :3] *= values[..., 3:] / 255
    return values


def decoded(data: bytes) -> list[Pixels]:
    with refusing():
        opened = open_picture(data, Limits())
        frames = list(decode(opened, frames=opened.frames, side=512))
    return [premultiplied(np.asarray(frame.image.convert("RGBA"))) for frame in frames]


def assert_alike(ours: list[Pixels], theirs: list[Pixels]) -> None:
    assert [frame.shape for frame in ours] == [frame.shape for frame in theirs]
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        assert np.abs(our - their).max() <= NEAR, f"frame {number}"


def random_gif(seed: int) -> bytes:
    """Draw frames in and outside of the screen, all ways of disposal, transparency, zero delays."""
    dice = random.Random(seed)
    frames = []
    for number in range(dice.randrange(1, 7)):
        size = dice.randrange(1, 60), dice.randrange(1, 60)
        picture = Image.frombytes("P", size, bytes(dice.randrange(8) for _ in range(size[0] * size[1])))
        picture.putpalette([dice.randrange(256) for _ in range(24)])
        transparent = dice.choice([None, dice.randrange(8)])
        x, y = (dice.randrange(60), dice.randrange(60)) if number or dice.random() < 0.3 else (0, 0)
        frames.append(Drawn(picture, x, y, dice.choice([0, 1, 10]), dice.randrange(8), transparent))
    return gif((dice.randrange(1, 50), dice.randrange(1, 50)), frames)


def random_apng(seed: int) -> bytes:
    dice = np.random.default_rng(seed)
    size = 40, 30

    def pixels(width: int, height: int) -> NDArray[np.uint8]:
        return dice.choice(np.array([0, 1, 90, 200, 255], np.uint8), (height, width, 4))

    hidden = pixels(*size) if dice.random() < 0.4 else None
    parts = []
    for number in range(int(dice.integers(1, 7))):
        whole = number == 0 and hidden is None
        width, height = size if whole else (int(dice.integers(1, 41)), int(dice.integers(1, 31)))
        x, y = int(dice.integers(0, 41 - width)), int(dice.integers(0, 31 - height))
        disposal, blend = int(dice.integers(0, 3)), int(dice.integers(0, 2))
        parts.append(Part(pixels(width, height), x, y, int(dice.choice([0, 10, 100])), disposal, blend))
    return apng(size, parts, hidden=hidden)


def test_every_gif_is_composed_as_chromium_does(chromium_shows: Shown) -> None:
    for seed in SEEDS:
        data = random_gif(seed)
        assert_alike(decoded(data), chromium_shows(data, "image/gif"))


def test_every_animated_png_is_composed_as_chromium_does(chromium_shows: Shown) -> None:
    for seed in SEEDS:
        data = random_apng(seed)
        assert_alike(decoded(data), chromium_shows(data, "image/png"))


SIDE = 32
PATCHES = (
    (250, 20, 30, 255),
    (20, 200, 60, 128),
    (30, 40, 230, 255),
    (240, 230, 20, 200),
    (128, 128, 128, 255),
    (200, 120, 160, 60),
    (12, 60, 70, 255),
    (255, 255, 255, 255),
)
NOT_SHOWN = {
    "AVIF 4:4:4": "a profile for grey",
    "AVIF 4:2:0": "a profile for grey",
}
"""What Chromium refuses with a profile of another kind."""


def patches() -> Image.Image:
    """Draw eight flat patches, two rows of four, some of them translucent: ``RGBA``."""
    pixels = np.array(PATCHES, dtype=np.uint8).reshape(2, 4, 4)
    return Image.fromarray(pixels.repeat(SIDE, axis=0).repeat(SIDE, axis=1))


def middles(frame: Pixels) -> Pixels:
    """Return the mean of the middle of each patch, where no encoder smears, shape ``(2, 4, 4)``."""
    cells = frame.reshape(2, SIDE, 4, SIDE, 4)[:, 12:20, :, 12:20]
    return np.asarray(cells.mean(axis=(1, 3)))


@pytest.mark.parametrize("name", ["no", "sRGB", "wide", "grey"])
def test_every_mode_of_every_format_is_decoded_to_what_chromium_shows(
    chromium_shows: Shown, name: str
) -> None:
    profile, wrong = profiles()[name], []
    ban = analysed(file_of(waves()))
    copies = dict(files(waves().convert("RGBA"), profile))
    for mode, data in files(patches(), profile):
        kind = mode.partition(" ")[0]
        [their] = (
            chromium_shows(data, TYPES[kind]) if name != "grey" or mode not in NOT_SHOWN else decoded(data)
        )
        apart = np.abs(middles(decoded(data)[0]) - middles(their)).max()
        if apart > NEAR:
            wrong.append(f"{mode}: {apart:.0f} levels apart")
        found = distance(analysed(copies[mode]), ban, "dhash256")
        if found > COPY and "with" not in mode:  # without holes
            wrong.append(f"{mode}: the banned picture is {found} away")
    assert wrong == []


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"gAMA", struct.pack(">I", 100_000))],
        [chunk(b"gAMA", struct.pack(">I", 45_455))],
        [chunk(b"gAMA", struct.pack(">I", 55_000)), chunk(b"cHRM", struct.pack(">8I", *WIDE))],
        [chunk(b"gAMA", struct.pack(">I", 45_455)), chunk(b"cHRM", struct.pack(">8I", *WIDE))],
        [chunk(b"cHRM", struct.pack(">8I", *WIDE))],
        [chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))],
        [chunk(b"cICP", bytes((12, 13, 0, 1)))],
        [chunk(b"gAMA", struct.pack(">I", 0))],
    ],
    ids=["linear", "usual", "wide", "wide, usual", "no gamma", "sRGB", "by number", "zero"],
)
def test_a_png_s_gamma_and_primaries_are_what_chromium_makes_of_them(
    chromium_shows: Shown, chunks: list[bytes]
) -> None:
    for picture in (patches(), patches().convert("RGB"), patches().convert("RGB").convert("L")):
        data = with_chunks(file_of(picture), *chunks)
        [their] = chromium_shows(data, "image/png")
        assert np.abs(middles(decoded(data)[0]) - middles(their)).max() <= NEAR, picture.mode
