"""The ways in which people read a register out of Bitrix24, a script each. See ``benchmarks.peers``."""
