"""Asking one unit for its registers, with the errors, counters and trace of all devices."""

import asyncio
from collections.abc import Awaitable, Container, Sequence
from dataclasses import dataclass
import time

from modbus_connection import (
    ExceptionCode,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
)

from ..links.errors import LinkError, LinkFault, system_fault
from ..links.health import Direction
from ..links.registers import TRANSPORT_ERRORS, RegisterLink, RegisterUnit
from .errors import Declined, Garbled, NoAnswer
from .wires import Wires

HOLDING, INPUT, WRITE = 3, 4, 16
# After a timeout the line must have been quiet for so long, in seconds: an answer that comes now
# could be taken for the next one.
LATE = 0.3
# How long a request may take beyond the time of the unit, in seconds. Others may hold the bus, and
# the Modbus library asks a unit for a minute that says that it is busy.
PATIENCE = 4.0
# By these a gateway says that the unit behind it did not answer.
_UNANSWERED = (
    ExceptionCode.GATEWAY_PATH_UNAVAILABLE,
    ExceptionCode.GATEWAY_TARGET_DEVICE_FAILED_TO_RESPOND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How units of a family are spoken to.

    `device` is what it is called in errors. It may take `timeout` seconds to answer, and wants
    `spacing` seconds between two requests. What is in the `secret` registers is never traced.
    """

    device: str
    timeout: float
    spacing: float = 0.0
    secret: Container[int] = ()


class Registers:
    """The registers of one unit.

    Every method raises LinkError, NoAnswer, Garbled, or Declined when the unit refuses.
    """

    def __init__(self, wires: Wires[RegisterLink], address: int, manners: Manners) -> None:
        """Ask the unit at an address."""
        self._wires = wires
        self._address = address
        self._manners = manners
        self._quiet_at = 0.0

    @property
    def answer_time(self) -> float:
        """How long a request may take at most if only this unit is asked, in seconds."""
        manners = self._manners
        return manners.spacing + manners.timeout + self._wires.link.slack + LATE

    async def holding(self, address: int, count: int) -> tuple[int, ...]:
        """Read registers with function 3."""
        unit = await self._unit()
        values = await self._answer(unit, unit.read_holding_registers(address, count))
        return self._checked(HOLDING, address, count, values)

    async def input(self, address: int, count: int) -> tuple[int, ...]:
        """Read registers with function 4."""
        unit = await self._unit()
        values = await self._answer(unit, unit.read_input_registers(address, count))
        return self._checked(INPUT, address, count, values)

    async def write(self, address: int, values: Sequence[int]) -> None:
        """Write registers with function 16. The caller sees to it that a person asked for it."""
        unit = await self._unit()
        self._trace(Direction.SENT, WRITE, address, values)
        await self._answer(unit, unit.write_registers(address, list(values)))

    async def _unit(self) -> RegisterUnit:
        await asyncio.sleep(max(0.0, self._quiet_at - time.monotonic()))
        return await self._wires.link.unit(
            self._address, self._manners.timeout, self._manners.spacing
        )

    async def _answer[T](self, unit: RegisterUnit, request: Awaitable[T]) -> T:
        """Wait for an answer, and turn what went wrong into the errors of this project."""
        health = self._wires.health
        begin = time.monotonic()
        health.answer_time = None
        try:
            async with asyncio.timeout(self.answer_time + PATIENCE):
                answer = await request
        except asyncio.CancelledError:
            self._quiet_at = time.monotonic() + LATE
            raise
        except TimeoutError as err:
            if not unit.connected:
                raise self._link_error(err, LinkFault.UNREACHABLE) from err
            health.timeouts += 1
            self._quiet_at = time.monotonic() + LATE
            raise NoAnswer(self._manners.device) from err
        except (ModbusConnectionError, *TRANSPORT_ERRORS) as err:
            # A port that was pulled shows when it is written to, and nobody translates that.
            raise self._link_error(err, LinkFault.LOST) from err
        except ModbusExceptionError as err:
            if err.exception_code in _UNANSWERED:
                health.timeouts += 1
                raise NoAnswer(self._manners.device) from err
            health.complaints += 1
            raise Declined(self._manners.device, err.exception_code or 0) from err
        except ModbusError as err:
            health.checksum_errors += 1
            raise Garbled(self._manners.device) from err
        health.good()
        health.answered(time.monotonic() - begin)
        return answer

    def _link_error(self, error: BaseException, otherwise: LinkFault) -> LinkError:
        """Find the system's own word behind an error, if there is one."""
        cause: BaseException | None = error
        while cause:
            if isinstance(cause, LinkError):
                return cause
            # A timeout that was made here says nothing about the host.
            if isinstance(cause, OSError) and cause.errno:
                fault = system_fault(cause)
                fault = otherwise if fault is LinkFault.FAILED else fault
                return LinkError(fault, self._wires.link.name, str(cause))
            cause = cause.__cause__
        return LinkError(otherwise, self._wires.link.name, str(error) or type(error).__name__)

    def _checked(
        self, function: int, address: int, count: int, values: Sequence[int]
    ) -> tuple[int, ...]:
        self._trace(Direction.RECEIVED, function, address, values)
        if len(values) != count:
            self._wires.health.rejected += 1
            raise Garbled(self._manners.device)
        return tuple(values)

    def _trace(
        self, direction: Direction, function: int, address: int, values: Sequence[int]
    ) -> None:
        """Keep unit, function, number of the first register and the values, high bytes first."""
        head = bytes((self._address, function)) + address.to_bytes(2)
        shown = (
            0 if address + offset in self._manners.secret else value
            for offset, value in enumerate(values)
        )
        data = head + b"".join(value.to_bytes(2) for value in shown)
        self._wires.trace.add(direction, data, (head, len(values)))
