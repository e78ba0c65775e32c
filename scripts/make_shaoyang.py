"""Make data/shaoyang/*.toml: a county file to fill for each of the twelve counties of 邵阳市.

Run from the repository: python scripts/make_shaoyang.py
"""

from __future__ import annotations

from pathlib import Path

from lifecircle.starting import counties_of, county_text, find_place

FOLDER = Path(__file__).parents[1] / "data" / "shaoyang"
PREFECTURE = "430500"
STANDARD = "shaoyang-2025"


def county_files() -> dict[str, str]:
    """Give the text of each county's file by its name: what `lifecircle init` writes.

    Downloads are shared; what is the county's own lies in a folder of its name.
    """
    places = [find_place(adcode) for adcode in counties_of(PREFECTURE)]
    return {f"{p.name}.toml": county_text(p, STANDARD, folder=f"{p.name}/") for p in places}


def main() -> None:
    """Write the files, and remove those of counties that are no more."""
    files = county_files()
    for old in set(FOLDER.glob("*.toml")) - {FOLDER / name for name in files}:
        old.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
