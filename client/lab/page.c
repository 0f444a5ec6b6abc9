#include "client/lab/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 1024
#define PATH_MAX_ 4096

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,"
    "sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:CanvasText;background:Canvas}h1{font-size:1.5rem}h2{font-size:"
    "1.15rem;margin-top:2rem}svg{width:100%;height:auto;margin:.6rem 0}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-size:13px}"
    "td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid "
    "color-mix(in srgb,CanvasText 15%,transparent);white-space:nowrap}"
    "td:first-child,th:first-child{text-align:left}code{font-size:12px;"
    "overflow-wrap:anywhere}</style>\n<title>";

static void note(struct fw_page *p, fw_status s)
{
    if (p->status == FW_OK)
        p->status = s;
}

static void put(struct fw_page *p, const char *text)
{
    note(p, fw_bytes_append(&p->text, text, strlen(text)));
}

/* <tag>words</tag> */
static void element(struct fw_page *p, const char *tag, const char *words)
{
    note(p, fw_bytes_printf(&p->text, "<%s>", tag));
    note(p, fw_draw_text(words, &p->text));
    note(p, fw_bytes_printf(&p->text, "</%s>\n", tag));
}

void fw_page_begin(struct fw_page *p, const char *title)
{
    *p = (struct fw_page){.status = FW_OK};
    put(p, head);
    note(p, fw_draw_text(title, &p->text));
    put(p, "</title></head><body><main>\n");
    element(p, "h1", title);
}

void fw_page_close(struct fw_page *p)
{
    fw_bytes_close(&p->text);
}

void fw_page_heading(struct fw_page *p, const char *words)
{
    element(p, "h2", words);
}

void fw_page_words(struct fw_page *p, const char *fmt, ...)
{
    char words[WORDS_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    element(p, "p", words);
}

void fw_page_table_begin(struct fw_page *p)
{
    put(p, "<div><table>\n");
}

void fw_page_row(struct fw_page *p, const char *const *cells, size_t n,
                 bool is_head)
{
    put(p, "<tr>");
    for (size_t i = 0; i < n; i++)
        element(p, is_head ? "th" : "td", cells[i]);
    put(p, "</tr>\n");
}

void fw_page_table_end(struct fw_page *p)
{
    put(p, "</table></div>\n");
}

void fw_page_chart(struct fw_page *p, const struct fw_chart *c)
{
    note(p, fw_draw_chart(c, &p->text));
}

void fw_page_heat(struct fw_page *p, const struct fw_heat *h)
{
    note(p, fw_draw_heat(h, &p->text));
}

void fw_page_bars(struct fw_page *p, const struct fw_bars *b)
{
    note(p, fw_draw_bars(b, &p->text));
}

static fw_status save(const struct fw_page *p, const char *path,
                      struct fw_err *err)
{
    char part[PATH_MAX_];
    FILE *f;
    bool ok;

    if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
        return fw_err_set(err, FW_INVALID, "the report's path is too long");
    f = fopen(part, "w");
    if (!f)
        return fw_err_set(err, FW_IO, "cannot write report %s: %s", path,
                          strerror(errno));
    ok = fwrite(p->text.data, 1, p->text.n, f) == p->text.n;
    ok = fclose(f) == 0 && ok;
    if (ok && rename(part, path) == 0)
        return FW_OK;
    unlink(part);
    return fw_err_set(err, FW_IO, "cannot write report %s: %s", path,
                      strerror(errno));
}

fw_status fw_page_write(struct fw_page *p, const char *command,
                        const char *path, struct fw_err *err)
{
    fw_status s;

    fw_page_heading(p, "Run it again");
    element(p, "code", command);
    put(p, "</main></body></html>\n");
    s = p->status == FW_OK
            ? save(p, path, err)
            : fw_err_set(err, p->status, "no memory for the report");
    fw_page_close(p);
    return s;
}
