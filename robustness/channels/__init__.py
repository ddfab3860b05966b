"""Channels: what a text goes through before a model reads it. A scan and character recognition, speech and its recognition.

A spec names one: ``ocr``, ``ocr:3`` (a severity), ``speech:2,voice=awb``. Real programs draw, read, speak and hear; whatever
they make of a text is what the model gets. Each is deterministic: the same spec and text give the same text, whatever else is
carried along with it.
"""

from __future__ import annotations

from robustness.channels.channel import Channel, Lost, parse
from robustness.errors import UsageError

__all__ = ["CHANNELS", "Channel", "Lost", "check_channel", "open_channel"]

CHANNELS = {
    "ocr": "drawn as a picture and read back by tesseract",
    "speech": "spoken by flite or espeak-ng and heard by Whisper",
}
"""Every channel, and what a text goes through in it."""


def check_channel(spec: str, *, offline: bool = False) -> None:
    """Raise an error for a spec that cannot be meant, or for a program or package that is not there; loads nothing.

    Raises:
        UsageError: an unknown channel or option, or a program that is not installed, with how to install it.
        MissingExtraError: a package that is not installed.
    """
    name, severity, options = parse(spec)
    if name == "ocr":
        from robustness.channels import ocr

        ocr.check(ocr.settings_of(severity, options))
    elif name == "speech":
        from robustness.channels import speech

        speech.check(speech.settings_of(severity, options), offline=offline)
    else:
        known = "; ".join(f"{known}[:SEVERITY] ({what})" for known, what in CHANNELS.items())
        raise UsageError(f"unknown channel {name!r}; expected {known}")


def open_channel(spec: str, *, offline: bool = False) -> Channel:
    """The channel that ``spec`` names; raises what ``check_channel`` raises."""
    check_channel(spec, offline=offline)
    name, severity, options = parse(spec)
    if name == "ocr":
        from robustness.channels import ocr

        return ocr.Ocr(ocr.settings_of(severity, options))
    from robustness.channels import speech

    return speech.Speech(speech.settings_of(severity, options), speech.Ear.load(options.get("model"), offline=offline))
