-- A lending library with several branches: the schema that the checker's own statements run on.
CREATE DOMAIN email_address AS text CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
CREATE DOMAIN shade AS text CHECK (VALUE IN ('light', 'dark'));
CREATE TYPE copy_state AS ENUM ('shelved', 'lent', 'lost', 'withdrawn');
CREATE TYPE reader_rank AS ENUM ('guest', 'reader', 'librarian', 'director');

CREATE TABLE branch (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    kind       text NOT NULL DEFAULT 'city' CHECK (kind IN ('city', 'school', 'mobile')),
    theme      shade NOT NULL DEFAULT 'light',
    opening    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz
);
CREATE TABLE reader (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    branch_id  uuid NOT NULL REFERENCES branch (id),
    email      email_address NOT NULL,
    name       text NOT NULL,
    nickname   text,
    rank       reader_rank NOT NULL DEFAULT 'guest',
    photo      bytea,
    born_on    date,
    last_visit timestamptz,
    sponsor_id uuid REFERENCES reader (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX reader_email ON reader (email) WHERE deleted_at IS NULL;
CREATE INDEX reader_branch ON reader (branch_id);
CREATE INDEX reader_sponsor ON reader (sponsor_id);
CREATE TABLE author (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text NOT NULL,
    died_on date
);
CREATE TABLE book (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    isbn      text NOT NULL UNIQUE CHECK (char_length(isbn) BETWEEN 10 AND 13),
    title     text NOT NULL,
    subtitle  text,
    tags      text[] NOT NULL DEFAULT '{}',
    price     numeric(10, 2),
    pages     integer,
    weight    double precision NOT NULL DEFAULT 0,
    reading   interval,
    issued_on date,
    legacy_at timestamp,
    is_adult  boolean NOT NULL DEFAULT false,
    extra     jsonb,
    search    tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED
);
CREATE INDEX book_search ON book USING gin (search);
CREATE TABLE book_author (
    book_id   uuid NOT NULL REFERENCES book (id) ON DELETE CASCADE,
    author_id bigint NOT NULL REFERENCES author (id),
    place     smallint NOT NULL,
    PRIMARY KEY (book_id, author_id)
);
CREATE INDEX book_author_author ON book_author (author_id);
CREATE TABLE copy (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book_id     uuid NOT NULL REFERENCES book (id),
    branch_id   uuid NOT NULL REFERENCES branch (id),
    state       copy_state NOT NULL DEFAULT 'shelved',
    shelf       text,
    grade       smallint NOT NULL DEFAULT 5 CHECK (grade BETWEEN 1 AND 5),
    acquired_on date NOT NULL DEFAULT current_date
);
CREATE INDEX copy_book ON copy (book_id);
CREATE INDEX copy_branch ON copy (branch_id, state);
CREATE TABLE loan (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    copy_id     bigint NOT NULL REFERENCES copy (id),
    reader_id   uuid NOT NULL REFERENCES reader (id),
    renewed_id  bigint REFERENCES loan (id),
    lent_at     timestamptz NOT NULL DEFAULT now(),
    due_on      date NOT NULL,
    returned_at timestamptz,
    fine        numeric(8, 2),
    note        text
);
CREATE UNIQUE INDEX loan_open ON loan (copy_id) WHERE returned_at IS NULL;
CREATE INDEX loan_copy ON loan (copy_id);
CREATE INDEX loan_reader ON loan (reader_id, lent_at);
CREATE INDEX loan_renewed ON loan (renewed_id);
CREATE TABLE booking (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    branch_id uuid NOT NULL REFERENCES branch (id),
    room      integer NOT NULL,
    reader_id uuid NOT NULL REFERENCES reader (id) DEFERRABLE INITIALLY DEFERRED,
    during    tstzrange NOT NULL,
    CONSTRAINT booking_overlap EXCLUDE USING gist (int4range(room, room, '[]') WITH =, during WITH &&)
);
CREATE INDEX booking_branch ON booking (branch_id);
CREATE TABLE invoice (
    branch_id uuid NOT NULL REFERENCES branch (id),
    number    text NOT NULL,
    currency  char(3) NOT NULL DEFAULT 'EUR',
    issued_on date NOT NULL,
    paid_at   timestamptz,
    PRIMARY KEY (branch_id, number)
);
CREATE TABLE invoice_line (
    branch_id uuid NOT NULL,
    number    text NOT NULL,
    position  smallint NOT NULL,
    label     text NOT NULL,
    quantity  integer NOT NULL,
    price     numeric(10, 2) NOT NULL,
    total     numeric GENERATED ALWAYS AS (quantity * price) STORED,
    PRIMARY KEY (branch_id, number, position),
    FOREIGN KEY (branch_id, number) REFERENCES invoice (branch_id, number) ON DELETE CASCADE
);
CREATE TABLE event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    branch_id uuid NOT NULL REFERENCES branch (id),
    actor_id  uuid REFERENCES reader (id),
    kind      text NOT NULL,
    payload   jsonb NOT NULL,
    address   inet,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_at ON event (branch_id, at DESC);
CREATE INDEX event_actor ON event (actor_id);
CREATE TABLE token (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    branch_id uuid NOT NULL REFERENCES branch (id),
    digest    bytea NOT NULL UNIQUE,
    scopes    text[] NOT NULL,
    validity  tstzrange NOT NULL,
    uses      integer NOT NULL DEFAULT 0
);
CREATE INDEX token_branch ON token (branch_id);
CREATE TABLE visit (
    branch_id uuid NOT NULL,
    id        uuid NOT NULL,
    reader_id uuid NOT NULL,
    came_at   timestamptz NOT NULL DEFAULT now(),
    left_at   timestamptz,
    PRIMARY KEY (branch_id, id)
);
COMMENT ON TABLE visit IS 'store: who came and went, kept by each branch for itself';
CREATE TABLE visit_stop (
    branch_id uuid NOT NULL,
    visit_id  uuid NOT NULL,
    place     integer NOT NULL,
    room      text NOT NULL,
    PRIMARY KEY (branch_id, visit_id, place),
    FOREIGN KEY (branch_id, visit_id) REFERENCES visit (branch_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE visit_stop IS 'store: where a visit led';
CREATE VIEW active_reader AS
    SELECT r.id, r.branch_id, r.name, r.email, r.rank, sponsor.name AS sponsor_name
      FROM reader r
      LEFT JOIN reader sponsor ON sponsor.id = r.sponsor_id
     WHERE r.deleted_at IS NULL;
CREATE FUNCTION initials(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT string_agg(left(word, 1), '') FROM regexp_split_to_table(name, '\s+') AS word $$;
CREATE VIEW busy_room AS
    SELECT branch_id, room, count(*) AS visits
      FROM visit_stop
     GROUP BY branch_id, room;
