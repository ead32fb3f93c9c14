"""The prompts about users: from the whole history, from what is new, and the richer one where those fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.profiles.questions import USERS, Step
from models.profiles.prompt_files import USER_RICH, USER_SHORT, USER_UPDATE, load_prompt
from models.profiles.shown_users import ShownUser, event_references, standing_references
from models.profiles.user_answers import UserWords, read_user_answer, read_user_update
from resources.settings import Settings


class UserStep(Step[ShownUser, UserWords]):
    """A prompt about a user's whole history."""

    kind = USERS

    def data(self, subject: ShownUser) -> Mapping[str, Any]:
        """The history counted, and some of its events."""
        return subject.data

    def hold(self, schema: dict[str, Any], subject: ShownUser) -> None:
        """The answer repeats the user's reference and cites shown events."""
        schema["properties"]["user"] = {"const": subject.reference}
        schema["$defs"]["event"] = {"enum": list(event_references(subject.events))}

    def read(self, value: Any, subject: ShownUser) -> UserWords:
        """What is believed of it."""
        return read_user_answer(value, subject, self.settings.profiles.allowed_private_attributes)


class UserUpdateStep(Step[ShownUser, UserWords]):
    """A prompt about what a user did since the earlier profile."""

    kind = USERS

    def data(self, subject: ShownUser) -> Mapping[str, Any]:
        """What stands, and what is new."""
        return subject.update_data

    def hold(self, schema: dict[str, Any], subject: ShownUser) -> None:
        """The answer repeats the user's reference and names propositions and events that were shown."""
        assert subject.standing is not None
        schema["properties"]["user"] = {"const": subject.reference}
        schema["$defs"]["event"] = {"enum": list(event_references(subject.new_events))}
        schema["$defs"]["proposition"] = {"enum": ["", *standing_references(subject.standing.propositions)]}

    def read(self, value: Any, subject: ShownUser) -> UserWords:
        """What stands after its operations."""
        return read_user_update(value, subject, self.settings.profiles.allowed_private_attributes)


@dataclass(frozen=True)
class UserSteps:
    """The prompts about users as they are now.

    Attributes:
        short: The whole history, first.
        rich: The whole history, where another answer could not be used.
        update: What is new.
    """

    short: UserStep
    rich: UserStep
    update: UserUpdateStep

    @property
    def versions(self) -> list[str]:
        """Their versions: a profile that another one had a part in is stale."""
        return [step.prompt.version for step in (self.short, self.rich, self.update)]


def user_steps(settings: Settings) -> UserSteps:
    """The steps, from the prompts as they are now."""
    short, rich = (UserStep(load_prompt(name), settings) for name in (USER_SHORT, USER_RICH))
    return UserSteps(short, rich, UserUpdateStep(load_prompt(USER_UPDATE), settings))
