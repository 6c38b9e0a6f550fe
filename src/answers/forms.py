"""The forms that answers are checked against, compiled once and kept.

A published version never changes, so what is kept never goes stale.
"""

from collections import OrderedDict
from collections.abc import Mapping

from src.answers import store
from src.applets import exceptions as applets_exceptions
from src.applets import service as applets_service
from src.applets.schemas import ActivityId, AppletId, Revision, VersionId
from src.database import Connection
from src.exceptions import FieldError, Invalid

_KEPT = 500
"""Versions that are kept compiled."""

Forms = Mapping[ActivityId, Revision]
Key = tuple[AppletId, VersionId]


class FormCache:
    """The compiled versions of this process, least recently used out first.

    A version that is kept here has its copy in the store.
    """

    def __init__(self) -> None:
        self._versions: OrderedDict[Key, Forms] = OrderedDict()

    def find(self, key: Key) -> Forms | None:
        forms = self._versions.get(key)
        if forms is not None:
            self._versions.move_to_end(key)
        return forms

    def keep(self, key: Key, forms: Forms) -> None:
        self._versions[key] = forms
        if len(self._versions) > _KEPT:
            self._versions.popitem(last=False)


class TransactionForms:
    """The forms that one transaction needs; each version is loaded at most once."""

    def __init__(self, cache: FormCache) -> None:
        self._cache = cache
        self._loaded: dict[Key, Forms] = {}

    async def revision(
        self,
        conn: Connection,
        *,
        applet_id: AppletId,
        version_id: VersionId,
        activity_id: ActivityId,
    ) -> Revision:
        """The form of an activity in a version, ready for answers.

        Sees to it that the store holds a copy. Raises Invalid for what the applet does not have.
        """
        key = applet_id, version_id
        forms = self._cache.find(key) or self._loaded.get(key) or await self._load(conn, key)
        revision = forms.get(activity_id)
        if revision is None:
            raise Invalid(
                errors=[
                    FieldError(
                        "/activity_id", "unknown_activity", "The version has no such activity."
                    )
                ]
            )
        return revision

    async def _load(self, conn: Connection, key: Key) -> Forms:
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
        forms = {
            revision.activity_id: applets_service.compile_revision(revision)
            for revision in revisions
        }
        self._loaded[key] = forms
        # What this transaction has copied is there for others only once it has committed.
        if is_copied:
            self._cache.keep(key, forms)
        return forms
