"""How a portal turns camelCase names of fields into its own UPPER_CASE ones, and back.

Read in crm/lib/Service/Converter.php and main/lib/engine/response/converter.php (24.300 and 26.250 alike).
"""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS = re.compile(r"[A-Za-z_]+")
_NUMBERED = re.compile(r"ufCrm\d{1,4}(_[\d_]+|[A-Za-z_]+)")
_PLAIN_ORIGINAL = re.compile(r"[A-Z_]+|UF_CRM_\d{1,4}_([\d_]+|[A-Z_]+)")
_WORDS = (
    (re.compile(r"(\d+)([A-Za-z])"), r"\1_\2"),
    (re.compile(r"([A-Za-z])(\d)"), r"\1_\2"),
    (re.compile(r"([^_])([A-Z])"), r"\1_\2"),
)


@lru_cache(maxsize=1024)
def upper_name(key: str) -> str:
    """What the portal makes of a key, its prefix included: ``ufCrm_A1`` → ``UF_CRM_A1``, ``>=ufCrm_A1`` →
    ``>=UF_CRM_A_1``: only a key that begins with ``uf`` and holds digits is spared the splitting into words."""
    spared = key[:2].lower() == "uf" and not (_LETTERS.fullmatch(key) or _NUMBERED.fullmatch(key))
    if spared:
        crm = key[:5].lower() == "ufcrm"
        return f"UF_CRM{key[5:]}" if crm else f"UF_{key[2:]}"
    for pattern, parted in _WORDS:
        key = pattern.sub(parted, key)
    return key.upper()


def camel_name(original: str) -> str:
    """A custom field's name in answers: ``UF_CRM_SHIPPED`` → ``ufCrmShipped``, ``UF_CRM_626D6A`` → ``ufCrm_626D6A``,
    ``UF_CRM_31_1689`` → ``ufCrm31_1689``."""
    if not _PLAIN_ORIGINAL.fullmatch(original):
        return f"ufCrm{original.removeprefix('UF_CRM')}"
    words = re.sub(r"(?<=\d)_(?=\d)", "~", original).split("_")
    return (words[0].lower() + "".join(word.capitalize() for word in words[1:])).replace("~", "_")
