"""The checksum of Modbus RTU, which other protocols use too."""


def crc(data: bytes) -> bytes:
    """Return the Modbus CRC-16 of some bytes, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")
