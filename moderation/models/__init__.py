"""The database: blocklists, uploads, and an append-only history."""

from moderation.models.access import ApiKey, IdempotentRequest
from moderation.models.audit import (
    AUDIT_MODELS,
    BlocklistChange,
    Decision,
    Match,
    Refusal,
    Screening,
    Seal,
)
from moderation.models.banks import Bank, BankContent
from moderation.models.blocklist import BannedImage, Blocklist, Fingerprint, Revision, is_active
from moderation.models.desk import BanDraft, Claim, DeskPreference, HourlyTally
from moderation.models.local import LearnedBackground, LocalFingerprint, UploadLocalFingerprint
from moderation.models.operations import Heartbeat, UploadAllowance
from moderation.models.records import AuditRecord, PersonalData
from moderation.models.reports import Report
from moderation.models.signs import BannedSigns, UploadSigns
from moderation.models.uploads import (
    Appeal,
    Clearance,
    FileRemoval,
    Notice,
    PeriodicWork,
    Rescan,
    Upload,
    UploadFingerprints,
)

__all__ = [
    "AUDIT_MODELS",
    "ApiKey",
    "Appeal",
    "AuditRecord",
    "BanDraft",
    "Bank",
    "BankContent",
    "BannedImage",
    "BannedSigns",
    "Blocklist",
    "BlocklistChange",
    "Claim",
    "Clearance",
    "Decision",
    "DeskPreference",
    "FileRemoval",
    "Fingerprint",
    "Heartbeat",
    "HourlyTally",
    "IdempotentRequest",
    "LearnedBackground",
    "LocalFingerprint",
    "Match",
    "Notice",
    "PeriodicWork",
    "PersonalData",
    "Refusal",
    "Report",
    "Rescan",
    "Revision",
    "Screening",
    "Seal",
    "Upload",
    "UploadAllowance",
    "UploadFingerprints",
    "UploadLocalFingerprint",
    "UploadSigns",
    "is_active",
]
