"""Give rows of the history an authentication code. Those that are there have none: they are sealed as they
stand, and an anchor in the chain says that they end here."""

import hashlib

from django.db import migrations, models
from django.utils import timezone

from moderation.models.authentication import seal_keys
from moderation.models.records import canonical, columns
from moderation.services.history import links


KINDS = ("screening", "decision", "refusal", "blocklistchange")


def anchor(apps, schema_editor):
    """Seal what is not sealed, then the anchor. On an installation without a history there is nothing to do."""
    alias = schema_editor.connection.alias
    seals = apps.get_model("moderation", "Seal").objects.using(alias)
    last = seals.order_by("-position").first()
    state = (last.position, bytes(last.mac)) if last else (0, links.GENESIS)
    for kind in KINDS:
        sealed = seals.filter(kind=kind, record_id=models.OuterRef("pk"))
        rows = apps.get_model("moderation", kind).objects.using(alias).filter(~models.Exists(sealed))
        for row in rows.order_by("pk").iterator(500):
            state = append(seals, state, kind, row.pk, digest(apps, alias, kind, row))
    if state[0]:
        personal = apps.get_model("moderation", "PersonalData").objects.using(alias)
        erased = personal.filter(erased_at__isnull=False).order_by("pk").values_list("pk", flat=True)
        append(seals, state, links.ANCHOR, state[0] + 1, links.erased_digest(erased))


def digest(apps, alias, kind, row):
    content = columns(row, without=("mac",))
    if kind == "screening":
        matches = apps.get_model("moderation", "Match").objects.using(alias).filter(screening_id=row.pk)
        content["matches"] = [columns(match) for match in matches.order_by("pk")]
    return hashlib.sha256(canonical({"kind": kind, **content})).digest()


def append(seals, state, kind, record_id, digest):
    link = seals.model(
        position=state[0] + 1, kind=kind, record_id=record_id, digest=digest, sealed_at=timezone.now()
    )
    link.mac = links.mac_of(seal_keys()[0], link, state[1])
    link.save(using=seals.db, force_insert=True)
    return link.position, link.mac


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0006_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='blocklistchange',
            name='mac',
            field=models.BinaryField(max_length=48, null=True),
        ),
        migrations.AddField(
            model_name='decision',
            name='mac',
            field=models.BinaryField(max_length=48, null=True),
        ),
        migrations.AddField(
            model_name='personaldata',
            name='erasure_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='refusal',
            name='mac',
            field=models.BinaryField(max_length=48, null=True),
        ),
        migrations.AddField(
            model_name='screening',
            name='mac',
            field=models.BinaryField(max_length=48, null=True),
        ),
        migrations.AlterField(
            model_name='decision',
            name='kind',
            field=models.CharField(choices=[('approve', 'approve'), ('reject', 'reject'), ('ban', 'ban'), ('already_banned', 'was banned already'), ('retire', 'retire'), ('restore', 'restore'), ('grant', 'grant the appeal'), ('deny', 'deny the appeal'), ('screen_again', 'screen again'), ('cancel', 'cancel the search among earlier uploads'), ('undo', 'undo'), ('erase', 'erase personal data')], max_length=20, verbose_name='decision'),
        ),
        migrations.AddIndex(
            model_name='personaldata',
            index=models.Index(condition=models.Q(('erased_at__isnull', False)), fields=['erasure_id', 'id'], name='moderation_personal_erased'),
        ),
        migrations.RunPython(anchor, migrations.RunPython.noop),
    ]
