"""What a device, or the lack of one, can answer wrongly. Each key is a text in the translations."""

from ..links.errors import CellwireError


class DeviceError(CellwireError):
    """The link works, the device behind it does not do what it should."""


class NoAnswer(DeviceError):
    """Not one byte came in time: asleep, switched off, not wired, another baud rate."""

    key = "no_answer"

    def __init__(self, device: str) -> None:
        """Say which device was expected."""
        super().__init__(device=device)


class BadAnswer(DeviceError):
    """Bytes came, but no frame that passes its checks: noise, a wrong baud rate, two masters."""

    key = "bad_answer"

    def __init__(self, device: str, heard: bytes) -> None:
        """Say which device was expected, and keep what came instead for a closer look."""
        self.heard = heard
        super().__init__(device=device, count=str(len(heard)))


class NeverQuiet(BadAnswer):
    """Bytes come all the time: a floating wire, a wrong speed, somebody else who talks."""

    key = "never_quiet"


class OnlyEcho(DeviceError):
    """What was sent comes back and nothing else: RX and TX are joined, or an adapter echoes."""

    key = "only_echo"

    def __init__(self, device: str) -> None:
        """Say which device was expected."""
        super().__init__(device=device)


class Garbled(DeviceError):
    """Something answers, but not in one piece: two masters, one address twice, a wrong speed."""

    key = "garbled"

    def __init__(self, device: str) -> None:
        """Say which device was expected."""
        super().__init__(device=device)


class Declined(DeviceError):
    """The device answered that it won't do what it was asked for."""

    key = "declined"

    def __init__(self, device: str, code: int) -> None:
        """Say which device it is, and keep the exception code of Modbus."""
        self.code = code
        super().__init__(device=device, code=str(code))


class NothingFound(DeviceError):
    """No device that any family knows is on a port."""

    key = "nothing_found"

    def __init__(self, port: str) -> None:
        """Say where it was looked for."""
        super().__init__(port=port)


class NotUsable(DeviceError):
    """Something that can be named is on a port, but nothing that can be set up there."""

    key = "not_usable"

    def __init__(self, found: str) -> None:
        """Say what is there."""
        super().__init__(found=found)


class OtherDevice(DeviceError):
    """Something that can be named answers, but not what was asked for."""

    key = "other_device"

    def __init__(self, device: str, found: str) -> None:
        """Say which device was expected and what is there."""
        super().__init__(device=device, found=found)


class WrongIdentity(DeviceError):
    """The right kind of device, but not the one that this entry was made for."""

    key = "wrong_identity"

    def __init__(self, expected: str, found: str) -> None:
        """Say which serial number belongs here and which one answers."""
        super().__init__(expected=expected, found=found)


class Implausible(DeviceError):
    """Frames with right checksums whose values contradict each other."""

    key = "implausible"

    def __init__(self, device: str, reason: str) -> None:
        """Say which device it is; `reason` tells a developer what does not fit."""
        super().__init__(device=device)
        self.add_note(reason)


class Stuck(DeviceError):
    """Something did not come to an end, and was broken off; the link is opened anew."""

    key = "stuck"

    def __init__(self, port: str, seconds: float) -> None:
        """Say where, and how long it was waited for."""
        super().__init__(port=port, seconds=f"{seconds:.0f}")


class Unforeseen(DeviceError):
    """An exception that is no word of a device or a link, but a mistake of this project."""

    key = "unforeseen"

    def __init__(self, port: str, error: Exception) -> None:
        """Say where it happened, and give whoever reports it a first word of what it was."""
        super().__init__(port=port, detail=repr(error))


class Refused(DeviceError):
    """A control was not carried out, or it is not known whether it was.

    Nothing changed, unless the reason says otherwise: "not_taken" (the device goes on as
    `detail` says) or "unknown_state" (the link was lost after the write).
    """

    def __init__(self, control: str, reason: str, **details: str) -> None:
        """Say which control, and why: the text of each reason is `refused_<reason>`."""
        self.key = f"refused_{reason}"
        super().__init__(control=control, **details)
