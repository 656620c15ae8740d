"""The second tier: local features with geometric verification.

It finds the copies that no global fingerprint finds (crops, rotations, screenshots, collages). Only
:mod:`.keypoints` needs OpenCV (the extra ``local``), and imports it when it is first used, inside the
sandbox's child; everything else is numpy and gives the same bits on every machine.
"""
