"""The report in a real browser: sorting, filtering, cases, keys, and nothing that leaves the machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import folder
from tests.reports import LABELS, at_home, make_runs, report, ward

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
pytestmark = needs_chromium

QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path(os.environ["HARNESS_SCREENSHOTS"]).resolve() if "HARNESS_SCREENSHOTS" in os.environ else None
"""A folder for the README's pictures; without it they are taken and thrown away."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = at_home(tmp_path_factory.mktemp("home"), patch)
        make_runs(ward(folder / "ward"))
        report("public")
        report("private", "--private")
        yield folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *sandbox])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """An empty profile; at the end, nothing was said on the console and nothing asked for but files."""
    context = chromium.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("request", lambda request: request.url.startswith(("file://", "data:")) or said.append(request.url))
    yield page
    context.close()
    assert said == []


def labels(page: Any, part: str = "#board") -> list[str]:
    return list(page.locator(f"{part} tbody th.label").all_inner_texts())


def column(page: Any, at: int) -> list[float]:
    cells = page.locator(f"#board tbody tr td:nth-child({at})").all_inner_texts()
    return [float(cell.split()[0]) for cell in cells if cell[0].isdigit()]


def data_of(out: Path) -> Any:
    text = (out / "data.js").read_text()
    return json.loads(text[text.index("(") + 1 : text.rindex(")")])


def opened(page: Any, path: Path, hash: str = "") -> Any:
    page.goto(f"{path.as_uri()}{hash}")
    return page


# --------------------------------------------------------------------------- the board


def test_the_table_sorts_by_a_click_and_by_a_key(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    assert page.locator("h1").inner_text() == "Discharge Me! (BioNLP 2024)"
    assert sorted(labels(page)) == sorted(LABELS)
    assert (labels(page)[0], labels(page)[-1]) == ("copyist", "stranger")  # by rank
    assert page.locator("#board thead [aria-sort]").inner_text().startswith("Rank")
    bleu = page.locator("#board thead button", has_text="BLEU-4")
    bleu.click()
    assert column(page, 5) == sorted(column(page, 5), reverse=True)
    assert bleu.evaluate("(one) => one.parentElement.getAttribute('aria-sort')") == "descending"
    assert page.locator("#board .plot .of").inner_text() == "BLEU-4"
    page.keyboard.press("Enter")  # the heading kept the focus
    assert column(page, 5) == sorted(column(page, 5))
    page.locator("#board thead button", has_text="System").click()
    assert labels(page) == sorted(LABELS)


def test_every_value_has_its_interval_drawn_around_it(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    boxes = [page.locator(f"#board tbody .{name}").all() for name in ("whisker", "point")]
    assert len(boxes[0]) == len(boxes[1]) == len(LABELS)
    for whisker, point in zip(*((one.bounding_box() for one in found) for found in boxes), strict=True):
        middle = point["x"] + point["width"] / 2
        assert whisker["x"] - 1 <= middle <= whisker["x"] + whisker["width"] + 1
        assert whisker["width"] > 2


def test_filtering_and_fields(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    page.keyboard.press("/")
    page.keyboard.type("CARE")
    assert labels(page) == ["careful", "careless"]
    assert page.locator("#board .count").inner_text() == f"2 of {len(LABELS)} systems"
    page.keyboard.press("Escape")
    together = column(page, 4)
    page.get_by_role("button", name="Discharge Instructions").click()
    assert column(page, 4) != together
    page.locator("#filter").fill("nobody")
    assert labels(page) == []


def test_pictures_of_ranks_fields_lengths_and_selectors(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    assert page.locator("#ranks .lane .bar").count() == len(LABELS)
    assert page.locator("#ranks .lane", has_text="stranger").locator("[role=img]").get_attribute("aria-label")
    assert page.locator("#fields tbody tr").count() == len(LABELS)
    shades = page.locator("#fields tbody td:nth-child(2)").evaluate_all(
        "(cells) => cells.map((one) => one.style.getPropertyValue('--share'))"
    )
    assert {"0.000%", "100.000%"} <= {*shades}
    assert page.locator("#lengths .card").count() == 2 * len(LABELS)
    assert page.locator("#lengths .card path.reference").count() == 2 * len(LABELS)
    assert page.locator("#selectors .lane").count() == 1
    assert page.locator("#neighbours tbody tr").count() == len(LABELS) - 1


def test_whose_texts_a_pool_took_is_read_without_a_mouse_and_without_colours(
    page: Any, home: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(home / "public", tmp_path / "page")
    data = data_of(out)
    chooser = next(one for one in data["contests"][0]["systems"] if one["shares"])
    chooser["shares"] = {"a": 500, "b": 410, **{f"m{at}": 12 for at in range(7)}, "rare": 6}  # more than colours
    folder.write_data(out / "data.js", "report.load", data)
    opened(page, out / "index.html")
    lane = page.locator("#selectors .lane", has_text="chooser")
    wanted = ["a 50 %", "b 41 %", *(f"m{at} 1 %" for at in range(7)), "rare < 1 %"]
    assert page.get_by_role("img", name=", ".join(wanted), exact=True).count() == 1
    assert lane.locator(".legend li").all_inner_texts() == wanted
    assert lane.locator(".stack span").all_inner_texts() == ["50 %", "41 %", *[""] * 8]
    page.emulate_media(media="print")
    assert lane.locator(".legend").is_visible()


def test_light_dark_narrow_and_printed(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(paper) == light
    assert not page.locator("#sections").is_visible()
    assert page.locator("#board tbody tr").last.is_visible()
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_help_is_a_key_away(page: Any, home: Path) -> None:
    opened(page, home / "public" / "index.html")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    assert "filter systems" in page.locator("#help-keys").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_a_board_without_intervals_or_ranks_beside_another(page: Any, home: Path, tmp_path: Path) -> None:
    out = shutil.copytree(home / "public", tmp_path / "page")
    data = data_of(out)
    (first,) = data["contests"]
    one = {**first["systems"][0], **dict.fromkeys(("rank", "low", "high", "tie")), "lengths": {}}
    one["values"] = {
        name: [[None, None, None] if at else [0.5, None, None] for at, _ in enumerate(row)]
        for name, row in one["values"].items()
    }
    bare = {**first, "title": "Bare", "systems": [one], "ranked_by": "", "ranking": "", "comparisons": []}
    bare["columns"] = [{**column, "ranks": False} for column in first["columns"]]
    folder.write_data(out / "data.js", "report.load", {**data, "contests": [first, bare]})
    opened(page, out / "index.html")
    page.locator("#contests a", has_text="Bare").click()
    assert labels(page) == ["copyist"]
    assert "n/a" in page.locator("#board tbody").inner_text()
    assert (
        page.locator("#ranks").count() == page.locator("#neighbours").count() == page.locator("#lengths").count() == 0
    )
    page.locator("#board thead button", has_text="BLEU-4").click()
    page.locator("#contests a").first.click()
    assert len(labels(page)) == len(LABELS)


def test_captions_speak_of_intervals_where_some_are_drawn(page: Any, home: Path, tmp_path: Path) -> None:
    """One field has too few subjects for any, and on the second board all have."""
    out = shutil.copytree(home / "public", tmp_path / "page")
    data = data_of(out)
    (first,) = data["contests"]
    few = first["fields"][0]["name"]

    def without(*names: str) -> list[Any]:
        """The systems without the intervals of these fields."""
        systems = json.loads(json.dumps(first["systems"]))
        for row in (one["values"][name] for one in systems for name in names):
            row[:] = [[value, None, None] for value, _, _ in row]
        return list(systems)

    alike = [{**one, "difference": [one["difference"][0], None, None], "apart": False} for one in first["comparisons"]]
    none = {**first, "title": "Bare", "systems": without(*first["systems"][0]["values"]), "comparisons": alike}
    contests = [{**first, "systems": without(few, "mean")}, none]
    folder.write_data(out / "data.js", "report.load", {**data, "contests": contests})
    opened(page, out / "index.html")
    drawn = " Bars and the small figures: 95 % intervals over cases."
    caption, compared = page.locator("#caption"), page.locator("#neighbours figcaption")
    assert drawn not in caption.inner_text()
    page.locator("#board .choice button", has_text=first["fields"][1]["title"]).click()
    assert drawn in caption.inner_text()
    assert compared.inner_text().startswith(f"Differences in {first['ranked_by']}, with 95 % intervals. p: ")
    page.locator("#contests a", has_text="Bare").click()
    assert "95 %" not in caption.inner_text()
    assert caption.inner_text().count("Bold: the best of a column.") == 1
    assert compared.inner_text() == (
        f"Differences in {first['ranked_by']}. p: approximate randomisation by subject; Holm: corrected for all "
        "comparisons here."
    )


# --------------------------------------------------------------------------- cases


def test_a_case_by_mouse_and_by_keys(page: Any, home: Path) -> None:
    opened(page, home / "private" / "index.html")
    page.locator("#sections .cases").click()
    page.wait_for_selector(".of-case")
    ids = page.locator(".row .id").all_inner_texts()
    assert page.locator(".of-case .id").inner_text() == ids[0]
    page.locator(".row").nth(2).click()
    page.wait_for_function(f"() => document.querySelector('.of-case .id').textContent === '{ids[2]}'")
    for key, at in (("n", 3), ("j", 4), ("p", 3)):
        page.keyboard.press(key)
        page.wait_for_function(f"() => document.querySelector('.of-case .id').textContent === '{ids[at]}'")
    assert page.locator(".row[aria-selected=true] .id").inner_text() == ids[3]
    page.locator("#case").focus()
    page.keyboard.press("ArrowDown")  # scrolls the texts
    page.locator("#list").focus()
    for key, at in (("ArrowDown", 4), ("ArrowUp", 3)):
        page.keyboard.press(key)
        page.wait_for_function(f"() => document.querySelector('.of-case .id').textContent === '{ids[at]}'")
    before = page.locator(".of-reference .body").inner_text()
    page.keyboard.press("f")
    page.wait_for_function("() => document.querySelectorAll('.choice [aria-pressed=true]')[0].textContent[0] === 'D'")
    assert page.locator(".of-reference .body").inner_text() != before
    page.reload()
    page.wait_for_selector(".of-case")
    assert page.locator(".of-case .id").inner_text() == ids[3]


def test_shared_spans_concepts_and_inventions_are_marked(page: Any, home: Path) -> None:
    opened(page, home / "private" / "cases.html", "#cases-0")
    page.wait_for_selector(".of-case")
    own = page.locator(".text.active mark.shared")
    assert own.count() > 0
    assert page.locator(".of-reference mark.shared").count() == own.count() or own.count() > 1
    own.first.hover()
    lit = page.locator(".of-reference mark.lit")
    assert lit.count() > 0
    words = own.first.inner_text().lower().split()
    assert words[0] in lit.first.inner_text().lower()
    assert page.locator(".of-reference mark.matched").count() > 0
    assert page.locator(".chips .matched").count() > 0
    page.get_by_role("checkbox", name="careless", exact=True).check()
    careless = page.locator("article.text", has=page.locator("h3", has_text="careless"))
    marked = careless.locator("mark.claim").all_inner_texts()
    assert {"Warfarin", "7.5 mg", "3/4/2031"} <= {*marked}
    assert {"dose", "date", "drug"} <= {*careless.locator(".found .claim small").all_text_contents()}
    page.locator("#layer-claims").focus()
    page.keyboard.press("Space")
    assert page.locator("mark.claim").count() == 0
    assert page.evaluate("() => document.activeElement.id") == "layer-claims"
    careless.hover()
    assert "beside careless" in page.locator(".of-reference h3").inner_text()
    page.keyboard.press("a")
    assert "beside careless" not in page.locator(".of-reference h3").inner_text()


def test_terms_are_marked_with_either_apostrophe(page: Any, home: Path) -> None:
    opened(page, home / "private" / "cases.html", "#cases-0")
    asked = ["crohn's disease", "Crohn’s disease, crohn's\ndisease, crohns disease", "matched"]
    found = page.evaluate("(asked) => termMarks(...asked)", asked)
    assert [(mark["start"], mark["end"]) for mark in found] == [(0, 15), (17, 32)]


def test_cases_are_found_by_id_word_score_and_invention(page: Any, home: Path) -> None:
    opened(page, home / "private" / "cases.html", "#cases-0")
    page.wait_for_selector(".of-case")
    ids = page.locator(".row .id").all_inner_texts()

    def found() -> int:
        page.evaluate("() => find()")  # ends after what the input has begun
        return int(page.locator("#count").inner_text().split()[0])

    everything = found()
    page.keyboard.press("/")
    page.keyboard.type(ids[1])
    assert found() == 1
    page.locator("#search").fill("warfar 2031")
    assert found() == everything  # the careless system says it everywhere
    page.locator("#search").fill("xylophone")
    assert found() == 0
    page.locator("#search").fill("")
    page.locator("#system").select_option("careless")
    page.locator("#sort").select_option("low")
    assert found() == everything
    scores = [float(one) for one in page.locator(".row .score").all_inner_texts()]
    assert scores == sorted(scores)
    page.locator("#from").fill(str(scores[-1] - 0.001))
    assert 1 <= found() < everything
    page.locator("#from").fill("")
    page.locator("#claims").check()
    assert found() == everything
    page.locator("#system").select_option("copyist")
    assert found() < everything


def test_thousands_of_cases_are_a_short_list_on_the_page(page: Any, home: Path, tmp_path: Path) -> None:
    out = shutil.copytree(home / "private", tmp_path / "many")
    many_cases(out / "cases-0", 8_000)
    opened(page, out / "cases.html", "#cases-0")
    page.wait_for_selector(".of-case")
    assert page.locator("#count").inner_text() == "8,000 of 8,000 cases"
    assert page.locator(".row").count() < 60
    page.locator("#list").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.row .id')].some((one) => one.textContent === '30007999')"
    )
    assert page.locator(".row").count() < 60
    milliseconds = page.evaluate("""async () => {
        const start = performance.now();
        tool.sort = "spread";
        await find();
        return performance.now() - start;
    }""")
    assert milliseconds < 1000  # some 20 on an idle machine


def many_cases(pages: Path, count: int) -> None:
    """Cases of two words, as the report writes them."""
    ids = [str(30_000_000 + at) for at in range(count)]
    one = {"text": "all well", "by": "", "scores": [0.5], "claims": [], "concepts": None}
    field = {"reference": "all well", "concepts": None, "systems": [one, one]}
    chunks = range(0, count, 1000)
    for number, start in enumerate(chunks):
        found = [{"id": id, "parts": [], "fields": [field]} for id in ids[start : start + 1000]]
        folder.write_data(pages / f"chunk-{number}.js", "cases.chunk", number, found)
    about = {
        **{"systems": ["a", "b"], "fields": ["Text"], "columns": ["bleu"], "score": "bleu", "drugs": False},
        **{"concepts": "", "shards": [], "corpus": "many", "split": "test", "task": "Many"},
    }
    index = {
        "ids": ids,
        "words": [2] * count,
        "scores": [[at % 97 / 97, at % 89 / 89] for at in range(count)],
        "claims": [[0, at % 3] for at in range(count)],
        "chunks": list(chunks),
    }
    folder.write_data(pages / "index.js", "cases.index", about, index)


# --------------------------------------------------------------------------- pictures


def test_pictures_for_the_readme(page: Any, home: Path, tmp_path: Path) -> None:
    """Of the ward alone. HARNESS_SCREENSHOTS=docs writes them where the README shows them."""
    pictures = PICTURES or tmp_path
    page.set_viewport_size({"width": 1280, "height": 860})
    opened(page, home / "public" / "index.html")
    page.screenshot(path=pictures / "board.png")
    opened(page, home / "private" / "cases.html", "#cases-0")
    page.wait_for_selector(".of-case")
    page.locator("#system").select_option("careless")
    page.locator("#sort").select_option("spread")
    page.evaluate("() => find()")
    page.locator(".row").first.click()
    page.locator(".row[aria-selected=true]").wait_for()
    for label, wanted in (("copyist", False), ("careless", True)):
        page.get_by_role("checkbox", name=label, exact=True).set_checked(wanted)
    page.locator(".text h3 button", has_text="careless").click()
    page.screenshot(path=pictures / "case.png")
    for name in ("board.png", "case.png"):
        picture = (pictures / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 300_000
