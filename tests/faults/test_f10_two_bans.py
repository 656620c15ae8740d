"""F10: two moderators ban the same picture at once. One entry, both told, both in the audit."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.console_client import in_text
from tests.faults.pictures import picture


def test_f10_two_bans_of_one_picture_make_one_entry(deploy: Deploy, database: str) -> None:
    site = deploy(database=database)
    consoles = [site.console() for _ in range(2)]
    for seed in range(5):
        before = len(site.here.call("bans"))
        data = in_text(picture(seed))

        for name, console in zip(("mia", "max"), consoles, strict=True):
            console.send("ban", data=data, name=name)
        answers = [console.receive() for console in consoles]

        assert sorted(answer["created"] for answer in answers) == [False, True]
        assert answers[0]["id"] == answers[1]["id"]
        assert len(site.here.call("bans")) == before + 1
        made = site.here.call("decisions")[-2:]
        assert sorted(row["kind"] for row in made) == ["already_banned", "ban"]
        assert len({row["actor_id"] for row in made}) == 2
    site.check()
