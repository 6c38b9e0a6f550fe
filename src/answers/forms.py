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


class FormCache:
    """The compiled versions of this process, least recently used out first."""

    def __init__(self) -> None:
        self._versions: OrderedDict[tuple[AppletId, VersionId], Forms] = OrderedDict()
        self._copied: set[tuple[AppletId, VersionId]] = set()

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
        forms = self._versions.get(key)
        if forms is None or key not in self._copied:
            forms = await self._load(conn, applet_id=applet_id, version_id=version_id)
        self._versions.move_to_end(key)
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

    async def _load(self, conn: Connection, *, applet_id: AppletId, version_id: VersionId) -> Forms:
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
        # Known to be there only once somebody's transaction has committed it: ours may not.
        if await store.copy_version(conn, version=version, revisions=revisions):
            self._copied.add((applet_id, version_id))
        forms = {
            revision.activity_id: applets_service.compile_revision(revision)
            for revision in revisions
        }
        self._versions[applet_id, version_id] = forms
        if len(self._versions) > _KEPT:
            dropped, _ = self._versions.popitem(last=False)
            self._copied.discard(dropped)
        return forms
