#!/usr/bin/python3
"""Make one page of index.html, style.css, app/*.js and vendor/, and a C source
of it: gzipped bytes, their number, and the header that says which scripts may
run.  The same sources give the same bytes, without a network.

    build.py OUT.c            write the C source
    build.py --html OUT.html  write the page as browsers see it
    build.py --csp            print the header's value
"""
import base64
import gzip
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 150_000  # bytes of gzip; issue 6 promises no more
IMPORT = re.compile(
    r"^import\s*(\{[^}]*\})\s*from\s*'\./([a-z_]+)\.js';\n", re.M)
EXPORT = re.compile(r"^export ((?:async )?(?:function|const|let|class)) "
                    r"(\w+)", re.M)


def add_module(name, done, under_way=()):
    """Put `name` into `done` ({name: text}), after what it imports."""
    if name in under_way:
        sys.exit(f"build.py: a circle of imports: {under_way + (name,)}")
    if name in done:
        return
    text = (HERE / "app" / f"{name}.js").read_text()
    for _, needed in IMPORT.findall(text):
        add_module(needed, done, under_way + (name,))
    given = ", ".join(n for _, n in EXPORT.findall(text))
    text = IMPORT.sub(r"const \1 = of_\2;\n", text)
    text = EXPORT.sub(r"\1 \2", text)
    if re.search(r"^(import|export)\b", text, re.M):
        sys.exit(f"build.py: {name}.js: an import or export it cannot read")
    done[name] = (f"const of_{name} = (() => {{\n{text}"
                  f"return {{{given}}};\n}})();\n")


def script():
    """All modules as one script, each in a scope of its own."""
    done = {}
    add_module("main", done)
    unused = {p.stem for p in (HERE / "app").glob("*.js")} - set(done)
    if unused:
        sys.exit(f"build.py: imported by nobody: {sorted(unused)}")
    return "'use strict';\n(() => {\n" + "".join(done.values()) + "})();\n"


def source_hash(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page():
    """(html, value of the Content-Security-Policy header)"""
    licence = (HERE / "vendor/LICENSE").read_text().replace("*/", "* /")
    vendor = (f"/* uPlot\n{licence}*/\n"
              + (HERE / "vendor/uPlot.iife.min.js").read_text())
    parts = {
        "css": (HERE / "vendor/uPlot.min.css").read_text()
               + (HERE / "style.css").read_text(),
        "vendor": vendor,
        "js": script(),
    }
    html = (HERE / "index.html").read_text()
    for key, text in parts.items():
        if re.search(r"</(script|style)|<!--", text, re.I):
            sys.exit(f"build.py: {key} would end its own element")
        mark = f"<!--build:{key}-->"
        if html.count(mark) != 1:
            sys.exit(f"build.py: index.html needs one {mark}")
        html = html.replace(mark, text)
    csp = "; ".join([
        "default-src 'none'",
        f"script-src {source_hash(parts['vendor'])} {source_hash(parts['js'])}",
        f"style-src {source_hash(parts['css'])}",
        "img-src data:", "connect-src 'self'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'"])
    return html, csp


def c_source(html, csp):
    data = gzip.compress(html.encode(), compresslevel=9, mtime=0)
    if len(data) > LIMIT:
        sys.exit(f"build.py: {len(data)} bytes; the limit is {LIMIT}")
    lines = ["/* Made by server/http/page/build.py. */",
             '#include "server/http/page.h"', "",
             "const unsigned char fw_page_gz[] = {"]
    for i in range(0, len(data), 16):
        lines.append("    " + ", ".join(f"{b}" for b in data[i:i + 16]) + ",")
    lines += ["};", "const size_t fw_page_gz_len = sizeof fw_page_gz;",
              "const char fw_page_csp[] ="]
    for i in range(0, len(csp), 60):
        end = ";" if i + 60 >= len(csp) else ""
        lines.append(f'    "{csp[i:i + 60]}"{end}')
    return "\n".join(lines) + "\n"


def main():
    html, csp = page()
    if sys.argv[1:] == ["--csp"]:
        print(csp)
    elif len(sys.argv) == 3 and sys.argv[1] == "--html":
        pathlib.Path(sys.argv[2]).write_text(html)
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        pathlib.Path(sys.argv[1]).write_text(c_source(html, csp))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
