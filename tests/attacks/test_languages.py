"""What language a text is in: told by script and function words, never English taken for another."""

from __future__ import annotations

import pytest

from attacks.language.detection import SCRIPT_OF, UNKNOWN, Guess, guess, known_by, survey
from attacks.transformations.base import LATIN
from attacks.transformations.tables import table

SENTENCES = {
    "af": "Dit is nie 'n goeie film nie, maar ons het baie gelag.",
    "ca": "La pel·lícula és molt bona, però el final no m'ha agradat gens.",
    "cs": "Ten film se mi velmi líbil, ale konec byl příliš dlouhý.",
    "da": "Filmen var ikke særlig god, og jeg vil ikke se den igen.",
    "de": "Der Film war leider sehr langweilig und ich bin eingeschlafen.",
    "en": "The film was not very good, and I would not watch it again.",
    "es": "La película es muy buena, pero el final no me gustó nada.",
    "et": "See film ei olnud väga hea, aga ma olen rahul.",
    "fi": "Elokuva ei ollut hyvä, mutta se on kuitenkin erittäin hauska.",
    "fr": "Le film est très long, mais les acteurs sont excellents dans cette histoire.",
    "hr": "Film nije bio dobar, ali glumci su vrlo dobri i priča je zanimljiva.",
    "hu": "A film nagyon jó volt, de a vége nem tetszett, és hosszú is.",
    "id": "Film ini sangat bagus dan saya tidak bosan dengan ceritanya.",
    "it": "Il film è molto bello, ma la storia non è originale e gli attori sono bravi.",
    "lt": "Filmas yra labai geras, bet pabaiga man nepatiko ir tai buvo ilgai.",
    "lv": "Filma bija ļoti laba, bet beigas man nepatika un tas ir par garu.",
    "nl": "De film was niet goed, maar het verhaal is wel heel mooi en ook grappig.",
    "no": "Filmen var veldig bra, men slutten ble ikke så god som jeg håpet.",
    "pl": "Film był bardzo dobry, ale zakończenie nie jest takie jak w książce.",
    "pt": "O filme é muito bom, mas o final não foi o que eu esperava.",
    "ro": "Filmul este foarte bun, dar finalul nu a fost pe placul meu și sunt trist.",
    "sk": "Film bol veľmi dobrý, ale koniec sa mi nepáčil, keď som ho videl.",
    "sl": "Film ni bil zelo dober, ampak igralci so bili vse, kar sem pričakoval.",
    "sv": "Filmen var mycket bra, men slutet är inte så bra som jag trodde.",
    "sw": "Filamu hii ni nzuri sana lakini mwisho wake haukuwa mzuri kwa watu wote.",
    "tl": "Ang pelikula ay maganda pero hindi ko nagustuhan ang wakas ng kuwento.",
    "tr": "Film çok güzel ama sonu bana göre iyi değil, bu kadar uzun olması kötü.",
    "vi": "Phim này rất hay nhưng cái kết không được như tôi mong đợi.",
    "zh": "这家餐厅的菜很好吃, iPhone 拍照也不错。",
    "ja": "この映画はとても面白かったです。",
    "ko": "이 영화는 정말 좋았어요.",
    "th": "ภาพยนตร์เรื่องนี้สนุกมาก",
    "lo": "ຮູບເງົາເລື່ອງນີ້ມ່ວນຫຼາຍ",
    "km": "ខ្ញុំស្រឡាញ់ខ្សែភាពយន្តនេះ",
    "my": "ဒီရုပ်ရှင်က အရမ်းကောင်းတယ်",
    "he": "הסרט הזה טוב מאוד",
    "el": "Η ταινία ήταν πολύ καλή",
    "ru": "Этот фильм очень хороший, но слишком длинный",
    "uk": "Цей фільм дуже гарний, але її кінець сумний",
    "fa": "این فیلم خیلی خوب بود ولی پایانش چطور",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_tells_its_language(language: str) -> None:
    assert guess(SENTENCES[language]).language == language


@pytest.mark.parametrize(
    "text",
    [
        "Los Angeles, Las Vegas, El Paso, San Diego and La Jolla",
        "La La Land",
        "Les Misérables, La Vie en rose et al.",
        "das Auto, die Mannschaft: Kraftwerk's new album",
        "El Niño de la Cruz y Don Quijote",
        "Der Spiegel; Die Zeit; Le Monde; La Stampa; El País",
        "Vin Diesel in Fast & Furious, per se a déjà vu",
        "fine film",
        "ok",
        "Me no like. No no no!",
        "de facto, ad hoc, in vitro, et cetera",
        "Rio de Janeiro do Brasil, Santos and Porto Alegre",
        "van der Waals, von Neumann, de Broglie",
        "",
        "12 34 !!",
        "👍🏽 ❤️",
    ],
)
def test_english_is_never_taken_for_another_language(text: str) -> None:
    assert guess(text).language in ("en", UNKNOWN)
    assert known_by(("en",), guess(text))


def test_what_is_not_told_stays_unknown_and_its_script_is_kept() -> None:
    assert guess("Филмът беше добър") == Guess(UNKNOWN, "Cyrl")
    assert guess("यह फिल्म अच्छी है").shown == "unknown (Deva)"
    assert guess("good film 电影院 movie") == Guess()


def test_only_what_is_certain_speaks_against_a_language() -> None:
    cyrillic, german = Guess(UNKNOWN, "Cyrl"), Guess("de", "Latn")
    assert not known_by(("en",), cyrillic)
    assert known_by(("en", "ru"), cyrillic)
    assert not known_by(("en",), german)
    assert known_by(("*",), german)
    assert known_by(("en",), Guess(UNKNOWN, "Latn"))
    assert known_by(("en",), Guess())


def test_a_survey_needs_nine_texts_in_ten() -> None:
    chinese, english, german = SENTENCES["zh"], SENTENCES["en"], SENTENCES["de"]
    found = survey([chinese] * 9 + [english])
    assert (found.main.language, found.mixed, found.described()) == ("zh", False, "zh 9, en 1")
    half = survey([chinese] * 8 + [english] * 2)
    assert (half.main.language, half.mixed, half.described()) == (UNKNOWN, True, "zh 8, en 2")
    assert survey([german] * 3 + ["Sehr gut, danke", "Kein Film"] * 10).main.language == "de"
    assert survey([]).main == Guess()


def test_texts_too_short_to_tell_are_judged_together() -> None:
    german = ["sehr gut", "nicht gut", "war schön und", "ist okay", "leider nein", "noch immer", "aber auch", "ganz nett"]
    assert {guess(text).language for text in german} == {UNKNOWN}
    assert survey(german).main.language == "de"
    assert survey(["good film", "bad acting", "great"]).main == Guess()


def test_a_large_set_is_looked_at_in_part() -> None:
    assert survey([SENTENCES["fr"]] * 5000).texts == 2000


def test_the_languages_that_can_be_told_are_listed_once() -> None:
    assert set(LATIN) == {"en", *table("function_words")}
    assert not set(LATIN) & set(SCRIPT_OF)
    for words in table("function_words").values():
        assert len(words) == len(set(words)) >= 20
        assert all(word == word.lower().strip() for word in words)
