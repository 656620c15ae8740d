"""Names of people for the desk: rows of the history know moderators and uploaders by plain id."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model

from moderation.models import Upload


def moderator_label() -> str:
    """Return the model of whoever decides, as rows of the history would name it."""
    return get_user_model()._meta.label_lower


def owns(upload: Upload, *, actor_id: str) -> bool:
    """Return whether the upload is the moderator's own: nobody decides about that alone."""
    return bool(actor_id) and (upload.owner_type, upload.owner_id) == (moderator_label(), actor_id)


def moderators(ids: Iterable[str]) -> dict[str, str]:
    """Return id → user name; one query. Who is not there any more is called by the number."""
    wanted = {actor for actor in ids if actor}
    if not wanted:
        return {}
    users = get_user_model()._default_manager
    found = {
        str(user.pk): user.get_username()
        for user in users.filter(pk__in=[actor for actor in wanted if actor.isdecimal()])
    }
    return {actor: found.get(actor) or _nameless(actor) for actor in wanted}


def _nameless(actor: str) -> str:
    """Name who is no user any more, or never was: a key of the HTTP API acts as ``key:PREFIX``."""
    return f"#{actor}" if actor.isdecimal() else actor


def moderator_ids(text: str) -> list[str]:
    """Return the ids that a name or a number may mean."""
    model = get_user_model()
    names = model._default_manager.filter(**{f"{model.USERNAME_FIELD}__iexact": text})
    ids = [str(pk) for pk in names.values_list("pk", flat=True)[:5]]
    number = text.removeprefix("#")
    return [*ids, number] if number.isdecimal() else ids


def owners(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return (model label, id) → what the host's model calls itself; one query for each model."""
    grouped: dict[str, set[str]] = {}
    for label, pk in keys:
        if label and pk:
            grouped.setdefault(label, set()).add(pk)
    names: dict[tuple[str, str], str] = {}
    for label, ids in grouped.items():
        try:
            model = apps.get_model(label)
        except LookupError:
            continue
        for row in model._base_manager.filter(pk__in=[pk for pk in ids if _fits(model, pk)]):
            names[label, str(row.pk)] = str(row)
    return names


def owner_keys(text: str) -> list[tuple[str, str]]:
    """Return the uploaders that a user name, an id or ``app.model:id`` may mean."""
    label, _, pk = text.partition(":")
    if pk and "." in label:
        return [(label.lower(), pk)]
    model = get_user_model()
    return [(model._meta.label_lower, pk) for pk in moderator_ids(text)]


def _fits(model: type[Model], pk: str) -> bool:
    """Return whether this can be a key of that model: an audit row may name anything."""
    try:
        model._meta.pk.to_python(pk)
    except ValidationError:
        return False
    return True
