import re
from xml.parsers import expat

from bench import chart, report
from bench.figures import OURS, Sample, lines
from bench.growth import compared

LINES = lines(
    {
        OURS: [Sample(rate=200.0, p50=1.0, p99=2.0, api_us=50.0, postgres_us=20.0)],
        "peer": [Sample(rate=100.0, p50=3.0, p99=9.0, api_us=90.0, postgres_us=30.0, errors=2)],
    }
)


def parsed(text: str) -> bool:
    """Whether it is XML; raises where it is not."""
    parser = expat.ParserCreate()
    parser.Parse(text)
    return parser.CurrentByteIndex > 0


def test_columns_stand_under_their_titles() -> None:
    text = report.table(("name", "n"), [("a", "1"), ("long name", "1,000")])

    assert text.splitlines() == [
        "name           n",
        "---------  -----",
        "a              1",
        "long name  1,000",
    ]


def test_a_table_says_how_many_times_faster_we_are_and_what_went_wrong() -> None:
    text = report.endpoint_table("read", LINES, {OURS: "Core API", "peer": "A <peer>"})

    assert "x 2.00" in text
    assert "! A <peer>: 2 answers that were not right" in text


def test_steep_growth_is_marked() -> None:
    samples = {
        10: [Sample(rate=1.0, p50=1.0, api_us=10.0)],
        20: [Sample(rate=1.0, p50=1.0, api_us=20.0)],
    }

    assert "read !" in report.growth_table(compared("read", samples))


def test_the_chart_has_a_bar_for_each_contender_as_long_as_its_rate() -> None:
    text = chart.svg({"read & write": LINES}, {OURS: "Core API", "peer": "A <peer>"})

    assert parsed(text)
    bars = dict(re.findall(r'<rect class="(\w+)"[^>]* width="([\d.]+)"', text))
    assert float(bars["ours"]) == 2 * float(bars["bar"])
    assert ">read &amp; write: requests/s<" in text
    assert ">A &lt;peer&gt;<" in text


def test_the_chart_can_be_read_on_a_dark_page() -> None:
    assert "prefers-color-scheme: dark" in chart.svg({"read": LINES}, {})


def test_a_chart_of_nothing_is_still_a_chart() -> None:
    assert parsed(chart.svg({"read": []}, {}))
