-- Rows for JSON that is built at random: each column that may be NULL is, in some row.
INSERT INTO branch (code, name, kind, opening, closed_at)
VALUES ('a', 'A', 'city', '{"monday": "9"}', NULL), ('b', '"B"', 'mobile', '{}', now());
INSERT INTO reader (branch_id, email, name, nickname, rank, born_on, last_visit)
SELECT id, code || '@example.org', name, nullif(name, 'A'), 'librarian',
       CASE WHEN code = 'a' THEN date '2000-02-29' END, closed_at
  FROM branch;
UPDATE reader SET sponsor_id = id WHERE nickname IS NULL;
INSERT INTO book (isbn, title, subtitle, tags, price, pages, weight, is_adult, extra)
VALUES ('1234567890', 'One', NULL, '{}', NULL, NULL, 0, false, NULL),
       ('1234567891', E'Two\n', 'too', '{a,b}', 12.50, 200, 0.25, true, '{"a": null}');
INSERT INTO copy (book_id, branch_id, shelf)
SELECT book.id, branch.id, book.subtitle
  FROM book
 CROSS JOIN branch;
