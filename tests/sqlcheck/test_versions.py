"""The table of what is new names what there is."""

from sqlcheck.check import check_one
from sqlcheck.session import Options, Session, open_session
from sqlcheck.versions import FUNCTIONS, OVERLOADS
from tests.sqlcheck.corpus import wrong_versions
from tests.sqlcheck.declare import statements


def test_every_function_of_the_table_exists(session: Session) -> None:
    builtin = {each.name for each in session.catalog.functions.values() if each.is_builtin}

    assert set(FUNCTIONS) - builtin == set()
    assert OVERLOADS.keys() <= session.catalog.functions.keys()


def test_a_newer_oldest_server_allows_more(library: str) -> None:
    ours = [each for each in statements if each.name.startswith(wrong_versions.__name__)]
    told = {}
    for version in (15, 16, 17, 18):
        with open_session(library, Options(store_version=version)) as session:
            told[version] = {
                each.name
                for each in ours
                if any(finding.code == "version" for finding in check_one(each, session))
            }

    assert len(told[15]) == len(ours) > len(told[16]) > len(told[17]) > 0
    assert told[18] == set()
