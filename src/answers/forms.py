"""The forms that answers are checked against, compiled once and kept.

A published form never changes, so what is kept never goes stale.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

from src.answers import store
from src.applets import exceptions as applets_exceptions
from src.applets import service as applets_service
from src.applets.schemas import ActivityId, AppletId, Revision, RevisionId, VersionId
from src.database import Transaction
from src.exceptions import FieldError, Invalid

_WEIGHT_MAX = 200_000
"""Items, options and the like that are kept compiled: a few hundred megabytes at the very most."""
_IDS_MAX = 50_000
"""Ids of activities that are kept, over all versions."""

Ids = Mapping[ActivityId, RevisionId]
Key = tuple[AppletId, VersionId]
_K = TypeVar("_K")
_V = TypeVar("_V")


class _Recent(Generic[_K, _V]):
    """A mapping of bounded weight, least recently used out first. The last one always stays."""

    def __init__(self, weight_max: int) -> None:
        self._kept: OrderedDict[_K, tuple[_V, int]] = OrderedDict()
        self._weight_max = weight_max
        self._weight = 0

    def find(self, key: _K) -> _V | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: _K, value: _V, *, weight: int) -> None:
        self._weight += weight - self._kept.pop(key, (value, 0))[1]
        self._kept[key] = value, weight
        while self._weight > self._weight_max and len(self._kept) > 1:
            _, (_, freed) = self._kept.popitem(last=False)
            self._weight -= freed


class FormCache:
    """The forms that this process has compiled, and which of them make up a version.

    Versions share what has not changed between them. A version that is kept here has its copy in
    the store.
    """

    def __init__(self) -> None:
        self._versions: _Recent[Key, Ids] = _Recent(_IDS_MAX)
        self._revisions: _Recent[RevisionId, Revision] = _Recent(_WEIGHT_MAX)

    def find_version(self, key: Key) -> Ids | None:
        return self._versions.find(key)

    def keep_version(self, key: Key, ids: Ids) -> None:
        self._versions.keep(key, ids, weight=1 + len(ids))

    def find_revision(self, revision_id: RevisionId) -> Revision | None:
        return self._revisions.find(revision_id)

    def keep_revision(self, revision: Revision) -> None:
        self._revisions.keep(revision.id, revision, weight=revision.weight)


class TransactionForms:
    """The forms that one transaction needs; each version is copied at most once."""

    def __init__(self, cache: FormCache) -> None:
        self._cache = cache
        self._copied: dict[Key, Ids] = {}

    def find(
        self, *, applet_id: AppletId, version_id: VersionId, activity_id: ActivityId
    ) -> Revision | None:
        """The form of an activity in a version, if both are kept: then the store has its copy.

        Raises Invalid for an activity that the version does not have.
        """
        ids = self._cache.find_version((applet_id, version_id))
        return None if ids is None else self._cache.find_revision(_revision_id(ids, activity_id))

    async def revision(
        self,
        conn: Transaction,
        *,
        applet_id: AppletId,
        version_id: VersionId,
        activity_id: ActivityId,
    ) -> Revision:
        """The form of an activity in a version, ready for answers.

        Sees to it that the store holds a copy. Raises Invalid for what the applet does not have.
        """
        key = applet_id, version_id
        ids = self._cache.find_version(key) or self._copied.get(key) or await self._copy(conn, key)
        revision_id = _revision_id(ids, activity_id)
        revision = self._cache.find_revision(revision_id)
        if revision is None:
            stored = await applets_service.get_revision(conn, revision_id=revision_id)
            revision = applets_service.compile_revision(stored)
            self._cache.keep_revision(revision)
        return revision

    def committed(self) -> None:
        """What the transaction has copied is there for others from now on."""
        for key, ids in self._copied.items():
            self._cache.keep_version(key, ids)

    async def _copy(self, conn: Transaction, key: Key) -> Ids:
        applet_id, version_id = key
        try:
            version = await applets_service.get_version(
                conn, applet_id=applet_id, version_id=version_id
            )
        except applets_exceptions.VersionNotFound as exc:
            raise Invalid(
                errors=[
                    FieldError("/version_id", "unknown_version", "The applet has no such version.")
                ]
            ) from exc
        revisions = await applets_service.list_revisions(conn, version_id=version_id)
        is_copied = await store.copy_version(conn, version=version, revisions=revisions)
        ids = {revision.activity_id: revision.id for revision in revisions}
        self._copied[key] = ids
        # What this transaction has copied is there for others only once it has committed.
        if is_copied:
            self._cache.keep_version(key, ids)
        return ids


def _revision_id(ids: Ids, activity_id: ActivityId) -> RevisionId:
    revision_id = ids.get(activity_id)
    if revision_id is None:
        raise Invalid(
            errors=[
                FieldError("/activity_id", "unknown_activity", "The version has no such activity.")
            ]
        )
    return revision_id
