"""The wire gives back what was sent, and reads nothing but the type that it expects."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.domain.analysis import Analysis, AnalysisOptions, Code, Encoded, Probe
from moderation.domain.sandbox import wire

words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=20).filter(
    str.isprintable
)
digests = st.binary(min_size=32, max_size=32)
codes = st.builds(Code, algorithm=words, bits=digests, view=st.integers(0, 99), variant=words)
probes = st.builds(
    Probe, format=words, width=st.integers(1, 9), height=st.integers(1, 9), frames=st.integers(1, 9)
)
pictures = st.builds(Encoded, data=st.binary(max_size=99), format=words, width=st.just(1), height=st.just(1))
analyses = st.builds(
    Analysis,
    probe=probes,
    sha256=digests,
    pixels=digests,
    queries=st.lists(codes, max_size=5).map(tuple),
    enrolment=st.lists(codes, max_size=5).map(tuple),
    quality=st.floats(0, 1),
    flat=st.booleans(),
    clean=st.none() | pictures,
    evidence=st.none() | pictures,
    notes=st.lists(words, max_size=3).map(tuple),
)


def through_a_socket(frame: bytes, most: int = 1 << 20) -> tuple[bytes, bytes]:
    near, far = socket.socketpair()
    with near, far:
        near.sendall(frame)
        near.shutdown(socket.SHUT_WR)
        return wire.receive(far, most=most, until=time.monotonic() + 5)


def as_frame(value: Any) -> tuple[bytes, bytes]:
    return through_a_socket(wire.encode(value))


@given(analyses)
def test_an_analysis_survives(analysis: Analysis) -> None:
    assert wire.decode(Analysis, as_frame(analysis)) == analysis


def test_options_survive() -> None:
    options = AnalysisOptions(algorithms=("dhash64",), want_clean=True)

    assert wire.decode(tuple[bytes, AnalysisOptions], as_frame((b"\x00\xff", options))) == (
        b"\x00\xff",
        options,
    )


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (int, b"[true,[]]"),
        (int, b"[1.0,[]]"),
        (int, b"[99999999999999999999,[]]"),
        (float, b"[NaN,[]]"),
        (float, b"[1e999,[]]"),
        (bool, b"[1,[]]"),
        (str, b"[1,[]]"),
        (str, rb'["\ud800",[]]'),
        (str, rb'["a\u0000b",[]]'),
        (str, rb'["a\nb",[]]'),
        (bytes, b"[0,[]]"),
        (bytes, b"[-1,[0]]"),
        (bytes, b"[0,[5]]"),
        (bytes, b"[0,[-1]]"),
        (Probe, b'[["PNG",1,1],[]]'),
        (Probe, b'[["PNG",1,1,1,1],[]]'),
        (Probe, b'[{"format":"PNG"},[]]'),
        (tuple[int, ...], b'["ab",[]]'),
        (tuple[int, int], b"[[1],[]]"),
        (dict[str, str], b'[{"a":1},[]]'),
        (int, b"[1]"),
        (int, b"{}"),
        (int, b"\xff"),
        (int, b"[" * 100_000),
    ],
)
def test_another_type_is_refused(kind: object, header: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(kind, (header, b""))


def test_a_frame_larger_than_agreed_is_not_read() -> None:
    with pytest.raises(wire.WireError, match="larger"):
        through_a_socket(wire.encode(b"x" * 5000), most=4096)


def test_a_frame_that_breaks_off_is_a_closed_wire() -> None:
    with pytest.raises(wire.WireClosedError):
        through_a_socket(wire.encode(b"x" * 5000)[:-1])


def test_waiting_ends_at_the_deadline() -> None:
    near, far = socket.socketpair()
    with near, far, pytest.raises(TimeoutError):
        wire.receive(far, most=99, until=time.monotonic() + 0.05)


def test_objects_of_other_kinds_are_not_sent() -> None:
    with pytest.raises(TypeError):
        wire.encode(object())
