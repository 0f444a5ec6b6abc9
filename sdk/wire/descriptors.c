#include "sdk/wire/descriptors.h"

#include <stdio.h>
#include <string.h>

#define SYMBOL_MAX 256

extern const uint8_t fw_descriptors[];
extern const uint8_t fw_descriptors_end[];

/* Field numbers of descriptor.proto. */
enum {
    SET_FILE = 1,
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_DEPENDENCY = 3,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_NESTED = 3,
    MESSAGE_ENUM = 4,
    SERVICE_METHOD = 2,
    ANY_NAME = 1,
};

static struct fw_piece piece_of(const struct fw_field *f)
{
    struct fw_run run = fw_cursor_run(&f->body);

    if (!run.n)
        return (struct fw_piece){"", 0};
    return (struct fw_piece){(const char *)run.spans->data + run.skip, run.n};
}

static void read_piece(struct fw_cursor *c, struct fw_span *span,
                       struct fw_piece p)
{
    *span = (struct fw_span){(const uint8_t *)p.data, p.n};
    fw_cursor_init(c, span, 1);
}

/* The first field of that number; an empty piece if there is none. */
static struct fw_piece first(struct fw_piece in, uint32_t number)
{
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    read_piece(&c, &span, in);
    while (c.left && fw_cursor_field(&c, &f)) {
        if (f.number == number && f.wire == FW_WIRE_LENGTH)
            return piece_of(&f);
    }
    return (struct fw_piece){"", 0};
}

void fw_descriptors_read(struct fw_descriptors *d)
{
    size_t n = (size_t)(fw_descriptors_end - fw_descriptors);
    struct fw_piece all = {(const char *)fw_descriptors, n};
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    d->n = 0;
    read_piece(&c, &span, all);
    while (c.left && d->n < FW_PROTO_FILES_MAX && fw_cursor_field(&c, &f)) {
        struct fw_proto_file *file = &d->files[d->n];

        if (f.number != SET_FILE)
            continue;
        file->whole = piece_of(&f);
        file->name = first(file->whole, FILE_NAME);
        file->package = first(file->whole, FILE_PACKAGE);
        d->n++;
    }
}

int fw_descriptors_by_name(const struct fw_descriptors *d, struct fw_piece name)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->files[i].name.n == name.n &&
            memcmp(d->files[i].name.data, name.data, name.n) == 0)
            return (int)i;
    }
    return -1;
}

/* "prefix.name" into `out`; false if it is too long. */
static bool join(const char *prefix, struct fw_piece name, char out[SYMBOL_MAX])
{
    int n = snprintf(out, SYMBOL_MAX, "%s%s%.*s", prefix, *prefix ? "." : "",
                     (int)name.n, name.data);

    return n > 0 && n < SYMBOL_MAX;
}

/* Does this message, enum, service or method, or one inside it, have the full
 * name?  `kind` is its field number in the file, or 0 inside an enum or
 * method.  Nesting is that of our own files, so the depth is small. */
static bool defines(struct fw_piece in, uint32_t kind, const char *prefix,
                    const char *symbol)
{
    char full[SYMBOL_MAX];
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    if (!join(prefix, first(in, ANY_NAME), full))
        return false;
    if (strcmp(full, symbol) == 0)
        return true;
    if (strncmp(full, symbol, strlen(full)) != 0)
        return false;
    read_piece(&c, &span, in);
    while (c.left && fw_cursor_field(&c, &f)) {
        bool nested = kind == FILE_MESSAGE && f.number == MESSAGE_NESTED;
        bool leaf = (kind == FILE_MESSAGE && f.number == MESSAGE_ENUM) ||
                    (kind == FILE_SERVICE && f.number == SERVICE_METHOD);

        if ((nested || leaf) && f.wire == FW_WIRE_LENGTH &&
            defines(piece_of(&f), nested ? FILE_MESSAGE : 0, full, symbol))
            return true;
    }
    return false;
}

static bool file_defines(const struct fw_proto_file *file, const char *symbol)
{
    char package[SYMBOL_MAX];
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    if (!join("", file->package, package))
        return false;
    read_piece(&c, &span, file->whole);
    while (c.left && fw_cursor_field(&c, &f)) {
        if (f.number >= FILE_MESSAGE && f.number <= FILE_SERVICE &&
            f.wire == FW_WIRE_LENGTH &&
            defines(piece_of(&f), f.number, package, symbol))
            return true;
    }
    return false;
}

int fw_descriptors_by_symbol(const struct fw_descriptors *d, const char *symbol)
{
    for (size_t i = 0; i < d->n; i++) {
        if (file_defines(&d->files[i], symbol))
            return (int)i;
    }
    return -1;
}

void fw_descriptors_closure(const struct fw_descriptors *d, int file,
                            bool marked[FW_PROTO_FILES_MAX])
{
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    if (file < 0 || marked[file])
        return;
    marked[file] = true;
    read_piece(&c, &span, d->files[file].whole);
    while (c.left && fw_cursor_field(&c, &f)) {
        if (f.number == FILE_DEPENDENCY && f.wire == FW_WIRE_LENGTH)
            fw_descriptors_closure(d, fw_descriptors_by_name(d, piece_of(&f)),
                                   marked);
    }
}

void fw_descriptors_services(const struct fw_descriptors *d,
                             void (*each)(void *user, const char *name),
                             void *user)
{
    char package[SYMBOL_MAX];
    char full[SYMBOL_MAX];
    struct fw_span span;
    struct fw_cursor c;
    struct fw_field f;

    for (size_t i = 0; i < d->n; i++) {
        if (!join("", d->files[i].package, package))
            continue;
        read_piece(&c, &span, d->files[i].whole);
        while (c.left && fw_cursor_field(&c, &f)) {
            if (f.number == FILE_SERVICE && f.wire == FW_WIRE_LENGTH &&
                join(package, first(piece_of(&f), ANY_NAME), full))
                each(user, full);
        }
    }
}
