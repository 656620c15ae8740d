"""``manage.py demo``: the main job, shown on photographs that ship with scikit-image."""
