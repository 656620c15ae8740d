"""Who there is in the demo."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group, User

from avatars.members import profile_of

PASSWORD = "atrium-demo"  # noqa: S105 - the demo listens on this machine only
"""Of every account that can sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. Without a ``role``, nobody signs in with it: it only fills the members' page."""

    username: str
    name: str
    about: str = ""
    picture: str = ""
    role: str = ""
    group: str = ""


UPLOADER = Person(
    username="eileen",
    name="Eileen",
    about="Test pilot, then higher. I collect patches.",
    picture="astronaut.png",
    role="uploader",
)
MODERATOR = Person(username="mo", name="Mo", role="moderator", group="Moderators")
SENIOR = Person(username="sena", name="Sena", role="senior moderator", group="Senior moderators")
STAFF = (MODERATOR, SENIOR)

RIDER = Person(
    username="ruth", name="Ruth Rider", about="Two cylinders, one helmet.", role="member, taken down"
)
"""Her picture is published, and then banned."""

MEMBERS = (
    Person(username="nina", name="Nina Newcomer", about="Just arrived."),
    RIDER,
    Person(username="mason", name="Mason", about="Walls, arches, chimneys.", picture="brick.png"),
    Person(username="pebble", name="Pebble", about="Geology without the hurry.", picture="gravel.png"),
    Person(username="penny", name="Penny Drachma", about="Numismatics, mostly Greek.", picture="coins.png"),
    Person(username="luna", name="Luna Crater", about="Up late, as a rule.", picture="moon.png"),
    Person(username="iris", name="Iris", about="Optometrist. Me, from the inside.", picture="retina.jpg"),
    Person(username="otto", name="Otto Lindqvist"),
    Person(
        username="edwin",
        name="Edwin H.",
        about="Ten days looking at one small dark patch of sky.",
        picture="hubble_deep_field.jpg",
    ),
    Person(
        username="cam",
        name="Cameron Mann",
        about="Black and white, tripod, any weather.",
        picture="camera.png",
    ),
    Person(
        username="chelsea",
        name="Chelsea",
        about="I sit on keyboards. Occasionally I write something.",
        picture="chelsea.png",
    ),
    UPLOADER,
)
"""The last one comes first on the members' page."""


def enrol(people: tuple[Person, ...]) -> None:
    """Make the accounts that are not there yet."""
    for person in people:
        if User.objects.filter(username=person.username).exists():
            continue
        user = User(username=person.username, is_staff=bool(person.group))
        if person.role:
            user.set_password(PASSWORD)
        else:
            user.set_unusable_password()
        user.save()
        if person.group:
            user.groups.add(Group.objects.get(name=person.group))
        profile = profile_of(user)
        profile.display_name, profile.about, profile.listed = person.name, person.about, not person.group
        profile.save(update_fields=["display_name", "about", "listed"])
