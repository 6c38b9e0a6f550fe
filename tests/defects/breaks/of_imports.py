"""Accounts and hashes of other systems: how their rules are lost."""

from tests.defects.breaking import Break

RECIPES = "src/auth/imported/recipes.py"
PASSWORDS = "src/auth/passwords.py"
LINES = "src/management/lines.py"
IMPORTING = "src/management/service/importing.py"
TESTS = "auth/test_imported_hashes.py"
OF_THE_COMMAND = "management/test_import_users.py"

BREAKS = [
    Break(
        "imports: a hash that costs too much comes in",
        RECIPES,
        {"        if not _is_affordable(self):\n": "        if False:\n"},
        f"{OF_THE_COMMAND}::test_a_bad_line_is_named_and_the_others_come_in",
        "assert",
    ),
    Break(
        "imports: a hash that costs too much is followed once it is there",
        RECIPES,
        {"passes <= HASH_ITERATIONS_MAX": "passes <= 11"},
        f"{TESTS}::test_a_recipe_that_asks_for_too_much_is_not_followed",
        "200:",
    ),
    Break(
        "imports: one byte is enough of a digest",
        RECIPES,
        {"_DIGEST_MIN, _DIGEST_MAX = 16, 64": "_DIGEST_MIN, _DIGEST_MAX = 1, 64"},
        f"{TESTS}::test_what_nothing_can_be_checked_by_is_no_hash",
        "DID NOT RAISE",
    ),
    Break(
        "imports: a password is changed before another system's hash of it is made",
        PASSWORDS,
        {".digest(typed, pepper": ".digest(normal, pepper"},
        f"{TESTS}::test_the_password_is_looked_at_as_it_was_typed",
        "assert",
    ),
    Break(
        "imports: a password that is too long fits an empty one",
        PASSWORDS,
        {' and password != ""': ""},
        f"{TESTS}::test_an_empty_password_is_none",
        "assert not True",
    ),
    Break(
        "imports: a hash that is slow by its recipe lets nobody in",
        PASSWORDS,
        {"_DEADLINE_OF_IMPORTED = 10.0": "_DEADLINE_OF_IMPORTED = 2.0"},
        f"{TESTS}::test_it_may_take_longer_than_ours",
        "Busy",
    ),
    Break(
        "imports: a hash stays what it was after its owner has signed in",
        PASSWORDS,
        {"bool(recipe)": "False"},
        f"{TESTS}::test_signing_in_makes_it_a_hash_of_ours",
        "startswith",
    ),
    Break(
        "imports: signing in puts an old password back",
        "src/auth/service/accounts.py",
        {"       AND hash = %(replaces)s\n": "       AND (hash = %(replaces)s OR true)\n"},
        f"{TESTS}::test_a_password_that_is_changed_meanwhile_is_not_put_back",
        r"assert \[\(",
    ),
    Break(
        "imports: nobody learns that a password is short",
        "src/auth/dependencies.py",
        {"is_short=passwords.is_short(login.password)": "is_short=False"},
        f"{TESTS}::test_it_shows_whether_the_password_is_short",
        r"assert \[\(",
    ),
    Break(
        "imports: what stands in a line is repeated",
        LINES,
        {'field if _FIELD.fullmatch(field) else "a field"': "field"},
        f"{OF_THE_COMMAND}::test_a_bad_line_is_named_and_the_others_come_in",
        "a field",
    ),
    Break(
        "imports: an import is not written down",
        IMPORTING,
        {"action=Action.USER_IMPORTED": "action=Action.USER_CREATED"},
        f"{OF_THE_COMMAND}::test_all_that_a_line_says_comes_in",
        "user.imported",
    ),
    Break(
        "imports: of a batch that fails, some come in",
        IMPORTING,
        {
            "    async with pools.write.transaction() as conn:\n        made = [\n": (
                "    async with pools.write.connection() as conn:\n        made = [\n"
            ),
        },
        f"{OF_THE_COMMAND}::test_what_is_interrupted_is_in_by_whole_batches_and_goes_on",
        r"\(3, 3\)",
    ),
    Break(
        "imports: a check brings accounts in",
        IMPORTING,
        {"[] if is_check else await": "[] if False else await"},
        f"{OF_THE_COMMAND}::test_a_check_changes_nothing_and_says_the_same",
        "cleo@example.org",
    ),
]
