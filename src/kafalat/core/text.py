"""Text in the two languages every user of Kafalat may read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "ur"]
LANGUAGES: tuple[Language, ...] = ("en", "ur")


class Bilingual(BaseModel):
    """One text in English and Urdu; neither may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    ur: str = Field(min_length=1)

    def in_(self, language: str) -> str:
        """Return the text in `language` ("en" or "ur"; a tag such as "ur-pk" counts as its first part)."""
        return self.ur if language.partition("-")[0] == "ur" else self.en
