"""What a simulated charger keeps in its flash, and the copy in RAM that is read and written."""

from dataclasses import dataclass, field
import struct

from .captures import capture

SYSTEM, HEAD, PRESET = 0x8400, 0x8800, 0x8C00
UNUSED, USED, BUILT_IN = 0xFFFF, 0x55AA, 0x0000
CAPTURE = "real_presets_308_4010duo"
# Slot, name, chemistry code, use flag, charge and discharge current in 0.01 A: the recorded list.
RECORDED = (
    (0, "LiPo", 0, BUILT_IN, 1000, 800),
    (7, "LiPo 15", 0, USED, 1500, 200),
    (8, "LiPo", 0, USED, 2000, 800),
    (1, "LiIo", 1, BUILT_IN, 200, 200),
    (2, "LiFe", 2, BUILT_IN, 200, 200),
    (3, "NiMH", 3, BUILT_IN, 200, 200),
    (4, "NiCd", 4, BUILT_IN, 200, 200),
    (5, "Pb", 5, BUILT_IN, 200, 200),
    (6, "NiZn", 6, BUILT_IN, 150, 150),
)
# The same chemistries have other codes on newer models.
NEWER_CODES = {3: 5, 4: 6, 5: 8, 6: 7}
# Bytes 166 on: LiHV on old DUO; LiHV, LTO, user, and what follows on the others.
TAILS = {
    167: b"\0",
    173: struct.pack("<3HB", 4350, 3850, 3500, 0),
    192: struct.pack(
        "<9HB3HB", 4350, 3850, 3500, 2850, 2400, 1800, 4200, 3850, 3500, 0, 0, 0, 0, 0
    ),
}


def to_registers(data: bytes) -> list[int]:
    """Split a packed structure into registers, the low byte first."""
    data += bytes(len(data) % 2)
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def to_bytes(registers: list[int]) -> bytes:
    """Put the bytes of registers together, the low one first."""
    return b"".join(register.to_bytes(2, "little") for register in registers)


def preset_image(length: int, fields: dict[int, tuple[str, int]], name: str) -> list[int]:
    """Make a preset of the recorded one: `fields` has how to pack a number, by its offset."""
    recorded = capture("icharger", CAPTURE)["constructed"]["preset_images"][0]["registers"]
    data = bytearray(to_bytes(recorded)[:166] + TAILS[length])
    data[2:40] = name.encode().ljust(38, b"\0")
    for at, (how, number) in fields.items():
        struct.pack_into(f"<{how}", data, at, number)
    return to_registers(bytes(data))


@dataclass
class Mirror:
    """A block in flash, and its copy in RAM."""

    flash: list[int]
    ram: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ram = list(self.flash)

    def read(self, at: int, count: int) -> list[int]:
        """Fetch the block from flash, then answer from the copy: what was not saved is lost."""
        self.ram = list(self.flash)
        return self.ram[at : at + count]

    def write(self, at: int, values: list[int]) -> None:
        """Change the copy."""
        self.ram[at : at + len(values)] = values

    def commit(self) -> None:
        """Save the copy to flash."""
        self.flash = list(self.ram)


class Memory:
    """Settings, list of presets and presets; `selected` is the slot that is read and written."""

    def __init__(self, system: list[int], slots: int, length: int) -> None:
        """Begin with the recorded presets; `length` is that of a preset in bytes."""
        self.system = Mirror(system)
        self.selected = 0
        self.commits = 0
        # The most that is saved in a register: by the first one of its block, and its offset.
        self.most: dict[int, dict[int, int]] = {}
        places = [slot for slot, *_ in RECORDED]
        listed = bytes(places).ljust(slots, b"\xff")
        self.head = Mirror([len(places), *to_registers(listed)])
        self.presets = [Mirror([UNUSED] * ((length + 1) // 2)) for _ in range(slots)]
        for slot, name, code, flag, charge, discharge in RECORDED:
            chemistry = NEWER_CODES.get(code, code) if length == 192 else code
            fields = {
                0: ("H", flag),
                61: ("B", chemistry),
                98: ("H", charge),
                100: ("H", discharge),
            }
            self.presets[slot] = Mirror(preset_image(length, fields, name))

    def mirror(self, start: int) -> Mirror:
        """Return the block that begins at an address."""
        return {SYSTEM: self.system, HEAD: self.head, PRESET: self.presets[self.selected]}[start]

    def commit(self, order: int) -> None:
        """Carry out one of the orders 3, 4 and 5."""
        self.commits += 1
        start = {3: SYSTEM, 4: HEAD, 5: PRESET}[order]
        mirror = self.mirror(start)
        for at, most in self.most.get(start, {}).items():
            mirror.ram[at] = min(mirror.ram[at], most)
        mirror.commit()
