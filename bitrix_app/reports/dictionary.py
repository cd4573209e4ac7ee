"""What a report must know of the portal before it asks for the first invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bitrix_app.processing import FieldMapping, Stage


@dataclass(frozen=True, slots=True)
class ReportDictionary:
    """The portal's fields, stages and presets as far as a report uses them.

    ``datetime_fields``: names of date fields that hold a moment. ``excluded_stages``: chosen in the settings.
    ``knows_users``: whether the application may ask for users' names.
    """

    fields: FieldMapping = field(default_factory=FieldMapping)
    datetime_fields: frozenset[str] = frozenset()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    excluded_stages: frozenset[str] = frozenset()
    preset_xml_ids: Mapping[int, str] = field(default_factory=dict)
    preset_names: Mapping[int, str] = field(default_factory=dict)
    knows_users: bool = False

    @property
    def left_out_stages(self) -> frozenset[str]:
        """Stages that a report leaves out unless it names its stages: failed ones and those excluded."""
        failed = {stage.id for stage in self.stages.values() if stage.semantics == "F"}
        return self.excluded_stages | failed
