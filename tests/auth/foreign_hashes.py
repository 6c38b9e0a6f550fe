"""Hashes as other programs have written them: none of these was made by code of ours."""

PASSWORD = "eleven owls upon a mossy roof"
LONG = "ä" * 40
"""Of which bcrypt looks at 36 letters."""
SALT = "0f" * 16
PEPPER = "a pepper, this is"

FROM_ELSEWHERE = {
    "django pbkdf2": "pbkdf2_sha256$20000$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gvsU=",
    "django scrypt": (
        "scrypt$16384$seasalt$8$5$d2Ro3QYhl0HqvLqatTs1kVuZZ/1Qr5I/obR34S1BD88dDdbogpd5FcvPXwY0VKTJ"
        "FtvXNyapMYhXJf6Hqrs72g=="
    ),
    "django argon2": (
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c2Vhc2FsdHNlYXNhbHQ"
        "$am6bgXDd3xHri4TKi0N6LANGh7bzFQtonbnBPNCvmLU"
    ),
    "django bcrypt of sha256": (
        "bcrypt_sha256$$2b$05$jbfArNr62FQVvPsTDumwoe8mSEULvD6HathgpznBmruHKdIItSBpC"
    ),
    "django bcrypt": "bcrypt$$2b$05$t2grbBxJZeT7HtPqabRguOKBvYhAwVmHeDxfXAkti/SwmgOSxFljy",
    "werkzeug scrypt": (
        "scrypt:4096:8:1$C8YQucJ95Z0HAakS$a38175ba614f1e6b1514aeb478532b3274725441e8a2de855db4015f"
        "409bf7e70c27a276e39248fc423fd01dc2cea0c5c06fd08506ba80fd0674ce6ee855c9e2"
    ),
    "werkzeug pbkdf2": (
        "pbkdf2:sha512:20000$45y4Q6soIsBu8xQe$ff105471640f3ce5b3010331b590afee4da9cb5ed3f0671ce3f5"
        "f336a8e6cf9f098db5d53647e5069bbad1025d527e04c203effea73e8f8fb6dcdf482652a761"
    ),
    "passlib pbkdf2 sha256": (
        "$pbkdf2-sha256$20000$8b63VgrhnLO2ltI6Z2xNKQ$8TiaUTaNt5LTPBSTvSfjXKuPXpqBUa5LkBsghiL5M5M"
    ),
    "passlib pbkdf2 sha512": (
        "$pbkdf2-sha512$20000$a.1dS4lxjpFyTklJqdU6Zw$AdKS2xIvab6Xyw.uEoF499qrvFIDvdHXkZHKb6m7Z3x6dB"
        "0QYPqt.Q5CrOm348o.BBN5mb2lOIYk6YmTJuWhDg"
    ),
    "phc pbkdf2": (
        "$pbkdf2-sha256$i=20000,l=32$8b63VgrhnLO2ltI6Z2xNKQ"
        "$8TiaUTaNt5LTPBSTvSfjXKuPXpqBUa5LkBsghiL5M5M"
    ),
    "passlib scrypt": (
        "$scrypt$ln=12,r=8,p=1$W6s1pnQupbS2di7lPMc4xw$Kg5s6zbIIB0z5Yb7m3z8EWVUl7eI2hoXYVjK+cGimBc"
    ),
    "argon2i": (
        "$argon2i$v=19$m=1024,t=2,p=2$HgMAYExpbW3tnbPWWsuZEw"
        "$2Nr2LyXYChasfkXqH0MfBTAduwTxHmka7E+wHfdHn9Q"
    ),
    "argon2d": (
        "$argon2d$v=19$m=1024,t=2,p=4$KAXg3NtbK0XIWauV0jpHqA"
        "$TglfUGQXUlO1lcntK95iJV5pQJCw/zpJvKp10JHhXaY"
    ),
    "argon2-cffi": (
        "$argon2id$v=19$m=65536,t=3,p=4$EcOejCjjw1PfDc5whEEzOQ"
        "$PJeprdXocegrybQo1GR5K28z4NOU6nM32DljTZdRp4I"
    ),
    "bcrypt 2a": "$2a$05$YMgBGS.jPI0RY3ZtgMQCde4BfgsT1ojSwImTARILhUFbejMI1VHfy",
    "bcrypt 2b": "$2b$05$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "bcrypt 2y": "$2y$05$Et4PP0hBDFJqauAPF3oAlOJ3q6KYByHHE495wKq4KzWFf48fEpE6m",
    "flask-bcrypt": "$2b$05$1ikgowAWcVtLfDL4Tcfp2u63I7Rn6J9oSYoZS/zsMzqxjYhC0hzu6",
}
"""Of PASSWORD, by who made them."""
BCRYPT = FROM_ELSEWHERE["bcrypt 2b"]
BCRYPT_OF_COST_16 = "$2b$16$z5kRjQQK3ewoPtPrJry5T.mVLenkpQgns9eWbA0VeWyPX/6UsroLG"
"""Of PASSWORD."""
BCRYPT_OF_LONG = "$2b$05$1x5NVYfImPsMeyfVotXlM.zWo.To4JttCoGoqualEoUdMI31cqj7a"
SHA256_SALTED = "0b52e2e8e94f9b0b1b03d4c24d075ecd6ddbcc8cc72c6ebeeaa89bb04c13aac9"
"""Of PASSWORD and SALT."""
SHA256_PEPPERED = "a5410ee422856f2728f52bf08b5fe9c726cc52ee3e7713cedca2e713ab0c8d9f"
"""Of PASSWORD, SALT and PEPPER."""

TOO_COSTLY = [
    "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$argon2id$v=19$m=19456,t=11,p=1$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$argon2i$v=19$m=19456,t=2,p=17$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$2b$16$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "bcrypt_sha256$$2b$31$jbfArNr62FQVvPsTDumwoe8mSEULvD6HathgpznBmruHKdIItSBpC",
    "pbkdf2_sha256$3000001$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gvsU=",
    "pbkdf2:sha512:4000000000$salt$" + "0f" * 64,
    "$scrypt$ln=19,r=8,p=2$W6s1pnQupbS2di7lPMc4xw$Kg5s6zbIIB0z5Yb7m3z8EWVUl7eI2hoXYVjK+cGimBc",
    "$scrypt$ln=4000000000,r=8,p=1$W6s1pnQupbS2di7lPMc4xw$Kg5s6zbIIB0z5Yb7m3z8EWVUl7eI2hoXYVjK+c",
    "scrypt:1048576:8:1$salt$" + "0f" * 64,
]
AS_COSTLY_AS_MAY_BE = [
    "$argon2id$v=19$m=1048576,t=10,p=16$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$2b$15$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "pbkdf2_sha256$3000000$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gvsU=",
    "$scrypt$ln=19,r=8,p=1$W6s1pnQupbS2di7lPMc4xw$Kg5s6zbIIB0z5Yb7m3z8EWVUl7eI2hoXYVjK+cGimBc",
]
NONE_OF_THEM = [
    "",
    PASSWORD,
    "5f4dcc3b5aa765d61d8327deb882cf99",
    SHA256_SALTED,
    "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
    "$5$salt$Gcm6FsVtF/Qa77ZKD.iwsJlCVPY0XSMgLJL0Hnww/c1",
    "$2x$05$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "$2b$03$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "$2b$05$vu5Ri7Ph.XjU13JOpWJ62ajyVqW8qAn/C573lM7ozpMyIJ71rRmh.",
    "$2b$05$vu5Ri7Ph.XjU13JOpWJ62ujyVqW8qAn/C573lM7ozpMyIJ71rRmhh",
    "$2b$05$vu5Ri7Ph.XjU13JOpWJ62u",
    "pbkdf2_sha256$20000$seasalt$",
    "pbkdf2_sha256$20000$seasalt$U7yN1g==",
    "pbkdf2_sha256$20000$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gv",
    "pbkdf2_sha256$0$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gvsU=",
    "pbkdf2_sha1$20000$seasalt$U7yN1lMTC9DhV0JzBo9krvnYgUDFQFO0w1vkCF2gvsU=",
    "scrypt:4097:8:1$salt$" + "0f" * 64,
    "scrypt:0:8:1$salt$" + "0f" * 64,
    "scrypt:1:8:1$salt$" + "0f" * 64,
    "$argon2id$v=20$m=19456,t=2,p=1$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$VGhpcyBpcyBubyBoYXNoIGF0IGFsbA",
]
