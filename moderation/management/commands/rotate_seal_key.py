"""``manage.py rotate_seal_key``."""

from __future__ import annotations

from typing import Any

from moderation.exceptions import SealKeyUnknown
from moderation.management.base import JsonCommand
from moderation.services.history import links, sealing


class Command(JsonCommand):
    help = (
        "Go on sealing the history with the SEAL_KEY that is set now. SEAL_KEY_FALLBACKS has to name the one of before, "
        "with which the history up to here still verifies; from here on it is of no use to whoever has it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rotated = sealing.rotate()
        except SealKeyUnknown as error:
            self.emit_error(error, {}, "SEAL_KEY")
            return
        sealed = sealing.seal(everything=True)
        position, mac = links.end()
        head = f"{position}:{mac.hex()}"
        words = (
            "The history goes on with the new key."
            if rotated
            else "The history is sealed with this key already."
        )
        self.emit({"rotated": rotated, "sealed": sealed, "head": head}, f"{words} Head: {head}", ok=True)
