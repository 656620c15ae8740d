"""Count anew: of the active entries those that can change a verdict."""

from django.db import migrations


def count(apps, schema_editor):
    alias = schema_editor.connection.alias
    entries = apps.get_model("moderation", "BannedImage").objects.using(alias)
    deciding = entries.filter(
        retired_revision__isnull=True, suspended=False, blocklist__action__in=("block", "hold")
    ).order_by()
    apps.get_model("moderation", "Revision").objects.using(alias).update(entries=deciding.count())


def count_all(apps, schema_editor):
    alias = schema_editor.connection.alias
    entries = apps.get_model("moderation", "BannedImage").objects.using(alias)
    active = entries.filter(retired_revision__isnull=True).order_by()
    apps.get_model("moderation", "Revision").objects.using(alias).update(entries=active.count())


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0003_published_index"),
    ]

    operations = [
        migrations.RunPython(count, count_all),
    ]
