"""What ``mkdocs`` needs besides the pages of ``docs/``: README and the like as pages, and links that lead out of ``docs/``.

The pages are written for a code host, where ``../CHANGELOG.md`` and ``../action.yml`` are files of the repository. On the site
the first is a page, and the second a copy under ``repository/``. A page that ``nav`` does not place yet stands under "More".
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
COPIES = "repository"
_LINK = re.compile(r"""(?P<before>\]\(|(?:src|href)=")(?P<path>(?!\w+:|#|/)[^)\s"#]+)(?P<after>[)\s"#])""")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Place the pages that the configuration does not name."""
    named = set(_named(config.nav))
    rest = sorted(path.name for path in Path(config.docs_dir).glob("*.md") if path.name not in named)
    if rest and config.nav is not None:
        config.nav.append({"More": rest})
    return config


def _named(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [name for one in (nav.values() if isinstance(nav, dict) else nav or ()) for name in _named(one)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add README and the like, and a copy of each file of the repository that a page links to."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    wanted = {target for file in files.documentation_pages() for target in _outside(file.src_uri, file.content_string)}
    for target in sorted(wanted):
        files.append(File.generated(config, f"{COPIES}/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links where the site has what the repository has there."""
    here = page.file.src_uri
    return _LINK.sub(lambda m: f"{m['before']}{_on_site(here, m['path'])}{m['after']}", markdown)


def _in_repository(page: str, link: str) -> str:
    """The file of the repository that a link of a page leads to; the page's own place is that of its source."""
    source = next((name for name, made in PAGES.items() if made == page), f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _outside(page: str, text: str) -> list[str]:
    found = (_in_repository(page, match["path"]) for match in _LINK.finditer(text))
    return [path for path in found if path not in PAGES and not path.startswith(("docs/", "..")) and (ROOT / path).is_file()]


def _on_site(page: str, link: str) -> str:
    path = _in_repository(page, link)
    if path in PAGES:
        target = PAGES[path]
    elif path.startswith("docs/"):
        target = path.removeprefix("docs/")
    elif not path.startswith("..") and (ROOT / path).is_file():
        target = f"{COPIES}/{path}"
    else:
        return link  # mkdocs says that it leads nowhere
    return posixpath.relpath(target, posixpath.dirname(page) or ".")
