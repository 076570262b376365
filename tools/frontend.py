"""Brings the console's front-end files from npm, by the lock file, and keeps only what pages use.

`package-lock.json` holds versions and hashes, no download address; install scripts never run. The files land in
`src/kafalat/interfaces/static/vendor/` (never committed; shipped in the wheel). That folder is swapped in whole, with
the digest it was made from inside, so it is either complete or absent. Called by `tools/install.py`.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "npm"
MODULES = WORK / "node_modules"
VENDOR = ROOT / "src" / "kafalat" / "interfaces" / "static" / "vendor"
STAMP = "made-from.sha256"
PRINT_FONTS = ROOT / "tools" / "print_fonts.py"
OLDEST_NPM = 7  # the first to read this lock file's format

FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/css/bootstrap.rtl.min.css": "bootstrap.rtl.min.css",
    "bootstrap/LICENSE": "bootstrap.LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "@fontsource/noto-nastaliq-urdu/LICENSE": "noto-nastaliq-urdu.LICENSE",
    "@fontsource/noto-sans/LICENSE": "noto-sans.LICENSE",
}
FONTS = {
    "noto-nastaliq-urdu": ("400", "700"),
    "noto-sans": ("400", "600", "700"),
}
SUBSETS = ("arabic", "latin", "latin-ext")


def present() -> str:
    """Return the digest the files in place were made from; empty when there are none."""
    stamp = VENDOR / STAMP
    return stamp.read_text(encoding="ascii").strip() if stamp.exists() else ""


def usable_npm(environment: dict[str, str]) -> bool:
    """Tell whether this environment has Node and an npm new enough for the lock file."""
    npm, node = (shutil.which(name, path=environment.get("PATH")) for name in ("npm", "node"))
    if npm is None or node is None:
        return False
    answer = subprocess.run([npm, "--version"], env=environment, capture_output=True, text=True, check=False)
    major = answer.stdout.strip().partition(".")[0]
    return answer.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NPM


def fetch(environment: dict[str, str]) -> bool:
    """Install the locked packages into a scratch folder and say whether that succeeded."""
    npm = shutil.which("npm", path=environment.get("PATH"))
    if npm is None:
        return False
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(ROOT / name, WORK / name)
    command = [
        npm,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
    ]
    return subprocess.run(command, cwd=WORK, env=environment, check=False).returncode == 0


def font_faces(font: str, weight: str) -> str:
    """Return the package's own `@font-face` rules for our subsets, pointing at the woff2 files alone."""
    sheet = (MODULES / "@fontsource" / font / f"{weight}.css").read_text(encoding="utf-8")
    wanted = {f"{font}-{subset}-{weight}-normal" for subset in SUBSETS}
    rules = re.findall(r"/\* (\S+) \*/\s*(@font-face \{.*?\n\})", sheet, flags=re.DOTALL)
    faces = [
        re.sub(r", url\([^)]*\.woff\) format\('woff'\)", "", rule) for name, rule in rules if name in wanted
    ]
    return "\n".join(face.replace("url(./files/", "url(fonts/") for face in faces)


def place(stamp: str, python: Path) -> bool:
    """Copy what pages use into a new folder and swap it in; `stamp` is what it was made from.

    `python` has fontTools, which makes the fonts of printed pages. Returns False, with nothing swapped, when it failed.
    """
    fresh = WORK / "vendor"
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "fonts").mkdir(parents=True)
    for source, name in FILES.items():
        shutil.copyfile(MODULES / source, fresh / name)
    for name in ("bootstrap.min.css", "bootstrap.rtl.min.css"):
        # The source map is not shipped, and Django refuses a style sheet that names a file it cannot find.
        sheet = (fresh / name).read_text(encoding="utf-8")
        (fresh / name).write_text(re.sub(r"/\*# sourceMappingURL=.*?\*/", "", sheet), encoding="utf-8")
    faces = []
    for font, weights in FONTS.items():
        for weight in weights:
            faces.append(font_faces(font, weight))
            for subset in SUBSETS:
                file = MODULES / "@fontsource" / font / "files" / f"{font}-{subset}-{weight}-normal.woff2"
                if file.exists():
                    shutil.copyfile(file, fresh / "fonts" / file.name)
    (fresh / "fonts.css").write_text("\n".join(faces) + "\n", encoding="utf-8")
    for path in (*fresh.glob("*.css"), *fresh.glob("*.js")):
        # WhiteNoise sends the compressed neighbour where the browser takes it: Bootstrap is 230 kB plain, 30 kB so.
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    maker = [str(python), str(PRINT_FONTS), str(MODULES), str(fresh / "print")]
    if subprocess.run(maker, check=False).returncode != 0:
        return False
    (fresh / STAMP).write_text(stamp + "\n", encoding="ascii")
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)
    return True
