"""Programs that look for wrong answers where nobody thought of any.

python -m tests.sqlcheck.fuzzing.nullness SEED [COUNT]   is "never NULL" ever NULL?
python -m tests.sqlcheck.fuzzing.rows SEED [COUNT]       is "at most one row" ever two?
python -m tests.sqlcheck.fuzzing.built SEED [COUNT]      is JSON that is proved what its type says?
python -m tests.sqlcheck.fuzzing.mutations [STEP]        is a changed annotation noticed?
python -m tests.sqlcheck.fuzzing.schemas [STEP]          is a changed schema noticed?
"""
